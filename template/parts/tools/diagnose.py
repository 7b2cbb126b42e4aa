"""A look at the first steps of a training, as a command: what may keep the model from learning.

Nothing of it is kept. A finding is no error: the exit code is 0 with findings and without.
"""

# PYTHON_ARGCOMPLETE_OK
from ..config import Config, check_arguments, parse_arguments
from ..settings.diagnose import Diagnose

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Diagnose)

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..core.averages import average, sum_up
from ..core.device import find_fragile, finish, start
from ..core.errors import run_command
from ..core.loader import Group
from ..core.progress import Progress, follow
from ..core.rng import reseed
from ..core.run_folder import RUNS
from ..step import Step
from ..train import build
from .seen import Parameter, Seen, broken, describe, floats, watch
from .symptoms import find_symptoms

LOOKS = 3
"""steps looked at: what begins as 0 on purpose, such as the end of a branch, then no longer is"""


@dataclass
class WatchedStep(Step):
    """A training step that keeps what it does to the parameters of the network."""

    looking: bool = False
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def __call__(self, group: Group) -> tuple[list[dict[str, Tensor]], Tensor]:
        if not self.looking:
            return super().__call__(group)
        before = {name: p.detach().clone() for name, p in self.trained()}
        for name, value in before.items():
            new = Parameter(list(value.shape), value.norm().item())
            self.parameters.setdefault(name, new)
        found = super().__call__(group)
        for name, p in self.trained():
            self.parameters[name].change = (p.detach() - before[name]).norm().item()
        return found

    def backward(self, group: Group) -> tuple[list[dict[str, Tensor]], list[Tensor]]:
        found = super().backward(group)
        for name, p in self.trained():
            if self.looking and p.grad is not None:
                kept = self.parameters[name]
                kept.gradient = max(p.grad.norm().item(), kept.gradient or 0.0)
        return found

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, p) for name, p in self.network.named_parameters() if p.requires_grad)


def observe(cfg: Config, accelerator: Accelerator, steps: int) -> Seen:
    """Look at some steps of a training, then take `steps` on one group; return what was seen.

    It ends with the first step in which something isn't finite.
    """
    _, _, step = build(cfg, accelerator, WatchedStep)

    def take(group: Group, number: int) -> tuple[float, float]:
        reseed(accelerator.device, cfg.seed, number, accelerator.process_index)
        seen, norm = step(group)
        return average(accelerator, sum_up(seen))["loss"], norm.item()

    groups, looks, losses, norm = follow(step.loader, Progress()), [], [], math.inf
    # fp16 begins with a scale of the loss that is too large, and halves it at each overflow.
    for number in range(16 if accelerator.scaler else 0):
        if math.isfinite(norm):
            break
        norm = take(next(groups), number)[1]
    for number in range(LOOKS):
        group, step.looking = next(groups), True
        with watch(step.network) as outputs:
            loss, norm = take(group, number)
        step.looking = False
        looks.append(loss)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            break
    else:
        while len(losses) < steps and math.isfinite(loss):
            loss, _ = take(group, len(losses))
            losses.append(loss)
    inputs = {name: broken(x) for batch, _ in group.batches for name, x in floats(batch)}
    fragile = list(find_fragile(step.network))
    return Seen(inputs, outputs, step.parameters, looks, norm, losses, fragile)


def draw(parameters: dict[str, Parameter]) -> Path:
    """Draw the norm of each gradient, which has a bar if it is neither 0 nor infinite.

    Return the picture's path.
    """
    found = [p.gradient or 0.0 for p in parameters.values()]
    norms = [norm if math.isfinite(norm) else 0.0 for norm in found]
    figure = Figure(figsize=(7, 1 + 0.2 * len(norms)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(parameters), norms)
    axes.invert_yaxis()
    axes.set(xscale="log" if any(norms) else "linear", xlabel="norm of the gradient")
    RUNS.mkdir(exist_ok=True)
    figure.savefig(RUNS / "diagnose.svg")
    return RUNS / "diagnose.svg"


def main(argv: list[str]) -> None:
    """Print what the first steps show, then the findings as JSON; draw the gradients.

    Further arguments are settings, as of the train command.
    """
    given, cfg = parse_arguments(Diagnose, argv)
    accelerator = start(cfg.precision)
    with torch.compiler.set_stance("force_eager"):  # compiled, modules can't be looked at
        seen = observe(cfg, accelerator, given.steps)
    if accelerator.is_main_process:
        findings = list(find_symptoms(seen))
        print(describe(seen), *(findings or ["nothing found"]), sep="\n\n")
        told = {"loss": seen.looks[0], "after": min(seen.losses, default=None)}
        print(json.dumps(told | {"findings": findings, "picture": str(draw(seen.parameters))}))
    finish(accelerator)


if __name__ == "__main__":
    run_command(main)
