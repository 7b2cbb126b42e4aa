"""The learning-rate range test, as a command: which rates are too low, and which too high.

A short training whose learning rate rises exponentially (Smith, WACV 2017); nothing of it is kept.
"""

# PYTHON_ARGCOMPLETE_OK
from ..config import Config, check_arguments, parse_arguments
from ..settings.find_lr import FindLR

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(FindLR)

import json
import math
from collections.abc import Iterator
from pathlib import Path

from accelerate import Accelerator
from matplotlib.figure import Figure

from ..core.averages import average, sum_up
from ..core.device import finish, start
from ..core.errors import UserError, run_command
from ..core.progress import Progress, follow
from ..core.rng import reseed
from ..core.run_folder import RUNS
from ..train import build

SMOOTHING = 0.9
"""share of the average that a further loss leaves"""
DIVERGED = 4
"""a loss that many times the lowest one ends the test"""


def rise(
    cfg: Config, accelerator: Accelerator, low: float, high: float, steps: int
) -> Iterator[tuple[float, float]]:
    """Train for `steps` optimizer steps; yield the learning rate and the loss of each.

    Parameter groups keep the ratio of their rates. The schedule and its warm-up are left out.
    """
    _, _, step = build(cfg, accelerator)
    groups, rates = follow(step.loader, Progress()), step.optimizer.param_groups
    ratios = [group["lr"] / cfg.optim.lr for group in rates]
    for number in range(steps):
        lr = low * (high / low) ** (number / max(steps - 1, 1))
        for group, ratio in zip(rates, ratios, strict=True):
            group["lr"] = lr * ratio
        reseed(accelerator.device, cfg.seed, number, accelerator.process_index)
        seen, _ = step(next(groups))
        yield lr, average(accelerator, sum_up(seen))["loss"]


def smooth(losses: list[float]) -> list[float]:
    """Return the exponential moving average, without the pull of its start towards 0."""
    average, smoothed = 0.0, []
    for number, loss in enumerate(losses, start=1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smoothed.append(average / (1 - SMOOTHING**number))
    return smoothed


def suggest(rates: list[float], smoothed: list[float]) -> float:
    """Return a tenth of the rate where the loss is lowest, for there it is about to rise.

    The rule of thumb of Howard and Gugger (Information, 2020). The steepest fall, which others
    take, is a matter of chance where batches are small. Raises UserError if the loss never falls.
    """
    lowest = smoothed.index(min(smoothed))
    if not lowest:
        raise UserError(f"the loss falls at no rate from {rates[0]:g} on; lower --low")
    return rates[lowest] / 10


def draw(rates: list[float], losses: list[float], smoothed: list[float], lr: float) -> Path:
    """Draw the loss over the rate, and return the picture's path."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, losses, color="0.8", label="loss")
    axes.plot(rates, smoothed, label="its moving average")
    axes.axvline(lr, color="tab:red", linestyle="--", label=f"suggested: {lr:.2g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(None, 1.1 * smoothed[0]))
    axes.legend()
    RUNS.mkdir(exist_ok=True)
    figure.savefig(RUNS / "find_lr.svg")
    return RUNS / "find_lr.svg"


def main(argv: list[str]) -> None:
    """Print a learning rate to begin with as JSON, and draw the curve it comes from.

    Further arguments are settings, as of the train command.
    """
    given, cfg = parse_arguments(FindLR, argv)
    accelerator = start(cfg.precision)
    rates, losses, smoothed = [], [], []
    for lr, loss in rise(cfg, accelerator, given.low, given.high, given.steps):
        if not math.isfinite(loss):
            break
        rates, losses = [*rates, lr], [*losses, loss]
        smoothed = smooth(losses)
        if smoothed[-1] > DIVERGED * min(smoothed):
            break
    lr = suggest(rates, smoothed)
    if accelerator.is_main_process:
        print(json.dumps({"lr": lr, "picture": str(draw(rates, losses, smoothed, lr))}))
    finish(accelerator)


if __name__ == "__main__":
    run_command(main)
