"""Exact scores over all processes; as a command, those of a run."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.evaluate import Evaluate

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Evaluate)

import json
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from .core.averages import add, average, mark, sum_up, weigh
from .core.checkpoint import load_weights
from .core.device import finish, start
from .core.errors import UserError, check_choice, run_command
from .core.loader import Group, Loader
from .core.processes import share
from .core.stop import Stop
from .core.values import show
from .data import build_loaders
from .model import predict, report, score, summarize, tally
from .trained import load_model


def evaluate(
    accelerator: Accelerator, model: nn.Module, loader: Loader, stop: Stop | None = None
) -> dict[str, float]:
    """Return the scores of all examples of the loader; none if there was a reason to stop."""
    return measure(accelerator, model, loader.groups(), stop)[0]


def check_monitor(
    accelerator: Accelerator, model: nn.Module, loader: Loader | None, monitor: str
) -> None:
    """Raise UserError if an evaluation doesn't give the monitored score, or there is none."""
    if not loader:
        raise UserError("there is nothing to evaluate on; raise data.holdout, or get more data")
    check_choice("monitor", monitor, measure(accelerator, model, islice(loader.groups(), 1))[0])


def test(
    accelerator: Accelerator, model: nn.Module, loader: Loader | None, best: Path
) -> dict[str, float]:
    """Return the scores of the best weights, which the model is given, on a part kept for it."""
    if not loader:
        return {}
    accelerator.wait_for_everyone()  # for the best weights to be there
    load_weights(best, model)
    return evaluate(accelerator, model, loader)


@torch.no_grad()
def measure(
    accelerator: Accelerator, model: nn.Module, groups: Iterable[Group], stop: Stop | None = None
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Return the scores and the totals behind them, each example counted once; none if stopped."""
    share(accelerator, model.buffers())
    model.eval()
    sums, totals = {}, {}
    for group in groups:
        for batch, real in group.batches:
            outputs = predict(model, batch)
            values = score(outputs, batch)
            add(sums, sum_up([values | {"weight": weigh(values, real)}]))
            add(totals, tally(outputs, batch, mark(len(values["loss"]), real, accelerator.device)))
        if stopped := stop and stop.agreed():
            break
    model.train()
    if stopped:
        return {}, {}
    totals = {name: total.cpu() for name, total in accelerator.reduce(totals).items()}
    return summarize(average(accelerator, sums), totals), totals


def main(argv: list[str]) -> None:
    """Print a run's scores and what is behind them as JSON."""
    given, cfg = parse_arguments(Evaluate, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    loaders, found = build_loaders(cfg.data, cfg.seed, known=spec)
    check_choice("--part", given.part, [*loaders, "all"])
    for name, before in vars(spec).items():
        if before != (now := getattr(found, name)):
            told = f"{name} {show(before)}, this data has {show(now)}"
            raise UserError(f"the run was trained on data with {told}")
    chosen = loaders.values() if given.part == "all" else [loaders[given.part]]
    groups = chain.from_iterable(loader.groups() for loader in chosen)
    model = accelerator.prepare_model(model, evaluation_mode=True)
    scores, totals = measure(accelerator, model, groups)
    if accelerator.is_main_process:
        print(json.dumps(scores | report(totals, spec)))
    finish(accelerator)


if __name__ == "__main__":
    run_command(main)
