"""Where a training step spends its time, as a command: in which part, and in which operators.

A short training with the loader and the step of `train`; nothing of it is kept.
"""

# PYTHON_ARGCOMPLETE_OK
from ..config import Config, check_arguments, parse_arguments
from ..settings.profile import Profile

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Profile)

import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.profiler import profile, record_function

from ..core.device import finish, start
from ..core.errors import run_command
from ..core.loader import Group
from ..core.progress import Progress, follow
from ..core.rng import reseed
from ..core.run_folder import RUNS
from ..step import Step
from ..train import build
from .flops import count_flops


class Stopwatch:
    """Seconds by the part of a step they were spent in.

    Each look waits for the device, so that they add up; without it a training is faster, by little.
    """

    def __init__(self, device: torch.device):
        self.device, self.seconds = device, Counter()
        self.last = self.now()

    def lap(self, part: str) -> None:
        """Put the time since the last look down to a part."""
        now = self.now()
        self.seconds[part] += now - self.last
        self.last = now

    def now(self) -> float:
        if self.device.type != "cpu":
            torch.accelerator.synchronize()
        return time.perf_counter()


@dataclass
class TimedStep(Step):
    """A training step that looks at a stopwatch once it has the gradients."""

    watch: Stopwatch | None = None

    def backward(self, group: Group) -> tuple[list[dict[str, Tensor]], list[Tensor]]:
        with record_function("forward_backward"):
            found = super().backward(group)
        if self.watch:  # else the step is being built
            self.watch.lap("forward_backward")
        return found


class Trial:
    """The begin of a training, to be measured."""

    def __init__(self, cfg: Config, accelerator: Accelerator):
        _, _, self.step = build(cfg, accelerator, TimedStep)
        self.seed, self.accelerator = cfg.seed, accelerator
        self.number, self.groups = 0, follow(self.step.loader, Progress())

    def run(self, steps: int) -> int:
        """Time that many optimizer steps anew, and return the number of examples they took."""
        examples, device, process = 0, self.accelerator.device, self.accelerator.process_index
        self.step.watch = watch = Stopwatch(device)
        for _ in range(steps):
            reseed(device, self.seed, self.number, process)
            with record_function("data"):
                group = next(self.groups)
            watch.lap("data")
            self.step(group)
            watch.lap("update")
            self.number += 1
            examples += group.examples
        return examples


def measure(trial: Trial, steps: int) -> dict[str, float]:
    """Return the figures of a step, on the average of that many."""
    examples, seconds = trial.run(steps), trial.step.watch.seconds
    parts = {f"{part}_ms": 1e3 * spent / steps for part, spent in seconds.items()}
    return {
        "step_ms": sum(parts.values()),
        **parts,
        "samples_per_s": examples / seconds.total(),
        "peak_memory_mb": peak_memory(trial.accelerator.device) / 1e6,
    }


def peak_memory(device: torch.device) -> int:
    """Return the most bytes this process has held: on a CUDA device, otherwise in main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # here, because Windows lacks it

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def write_trace(found: profile) -> Path:
    """Write every event, for chrome://tracing or ui.perfetto.dev, and return the file's path."""
    RUNS.mkdir(exist_ok=True)
    beside, path = RUNS / "profile.part.gz", RUNS / "profile.json.gz"
    found.export_chrome_trace(str(beside))
    beside.replace(path)
    return path


def main(argv: list[str]) -> None:
    """Print the slowest operators, then the figures of a step as JSON; write a trace of all events.

    The figures are the first process's. Further arguments are settings, as of the train command.
    """
    given, cfg = parse_arguments(Profile, argv)
    accelerator = start(cfg.precision)
    trial = Trial(cfg, accelerator)
    trial.run(given.warmup)
    figures = measure(trial, given.steps)
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # or the profiler tells that it begins and ends
    with profile() as found:  # it makes the steps slower, so that others are timed
        trial.run(given.steps)
    flops, examples = count_flops(trial.step, accelerator)
    figures["gflop_per_step"] = flops / 1e9
    figures["gflop_per_s"] = flops / examples * figures["samples_per_s"] / 1e9
    if accelerator.is_main_process:
        sums = found.key_averages()
        device = "device" if any(each.self_device_time_total for each in sums) else "cpu"
        print(sums.table(f"self_{device}_time_total", given.rows, max_name_column_width=40))
        rounded = {name: float(f"{value:.4g}") for name, value in figures.items()}
        print(json.dumps(rounded | {"trace": str(write_trace(found))}))
    finish(accelerator)


if __name__ == "__main__":
    run_command(main)
