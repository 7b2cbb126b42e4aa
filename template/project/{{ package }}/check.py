"""A look at all the data before a run depends on it; `data.py` is the command."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from accelerate import PartialState
from torch import Tensor
from tqdm import tqdm

from .config import parse_config
from .data import build_loaders
from .errors import UserError, last_line
from .run import RUNS

SHOWN = 64
"""samples that are shown"""


class Printer(logging.Handler):
    """Prints what the readers of the data note, which a run tells only if it is a warning."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage())


class Part:
    """What is there in the samples of a part of the data."""

    def __init__(self):
        self.count, self.kinds = 0, Counter()
        self.ranges: dict[str, tuple[float, float]] = {}
        """lowest and highest number by name and shape"""

    def add(self, sample: dict[str, Tensor], kinds: list[str]) -> None:
        """Count a sample, a batch of one, in."""
        self.count += 1
        self.kinds.update(kinds)
        for name, value in sample.items():
            # Names of a sample; the columns of names in a table of numbers.
            if not isinstance(value, Tensor) or not value.numel():
                continue
            name = f"{name} {list(value.shape[1:])} {str(value.dtype).removeprefix('torch.')}"
            low, high = self.ranges.get(name, (float("inf"), float("-inf")))
            self.ranges[name] = (min(low, value.min().item()), max(high, value.max().item()))

    def lines(self) -> Iterator[str]:
        """Yield what is to be told."""
        for name, (low, high) in self.ranges.items():
            yield f"{name}: {low:g} to {high:g}"
        if self.kinds:
            yield ", ".join(f"{kind} x {count}" for kind, count in sorted(self.kinds.items()))


def check(
    argv: list[str],
    kinds: Callable[[dict[str, Tensor], Any], list[str]],
    show: Callable[[list[dict[str, Tensor]], Any, Path], str],
) -> None:
    """Read every sample that the settings name, tell what is there, and show some of it.

    `kinds` says as what a sample is counted; `show` gives a table, or draws a picture in a folder
    and names it. Raises UserError if a sample can't be read, once all have been tried.
    """
    cfg = parse_config(f"python -m {__package__}.data", argv)
    PartialState(cpu=True)
    notes = logging.getLogger(__package__)
    notes.handlers = [Printer()]
    notes.setLevel(logging.INFO)
    loaders, spec = build_loaders(cfg.data, cfg.seed)
    samples, broken = [], 0
    for name, loader in loaders.items():
        part = Part()
        for index in tqdm(range(len(loader.dataset)), name, leave=False):
            try:
                sample = loader.dataset[[index]]
            except UserError as error:
                tqdm.write(last_line(error))
                broken += 1
            else:
                part.add(sample, kinds(sample, spec))
                samples += [sample] * (len(samples) < SHOWN)
        print(f"{name}: {part.count} samples", *part.lines(), sep="\n  ")
    RUNS.mkdir(exist_ok=True)
    if samples:
        print(show(samples, spec, RUNS))
    if broken:
        raise UserError(f"{broken} of the samples can't be read")
