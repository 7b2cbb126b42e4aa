"""A look at all the data before a run depends on it; `data.py` is the command."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from accelerate import PartialState
from torch import Tensor
from tqdm import tqdm

from ..config import parse_config
from ..core.errors import PACKAGE, UserError, last_line
from ..core.loader import Loader
from ..core.run_folder import RUNS
from ..data import build_loaders

SHOWN = 64
"""samples that are shown"""
FEW = 10
"""samples of a class under which it is hard to learn"""
LINES = 10
"""classes, or broken samples, that are told of, of more"""
BAR = 30
"""characters of the longest bar"""
TARGETS = {"label", "labels", "target", "targets", "scales"}
"""what is predicted; all else of a batch tells whether two samples are the same"""


class Notes(logging.Handler):
    """Keeps what the readers of the data note, of which a run tells warnings alone."""

    def __enter__(self) -> dict[int, list[str]]:
        self.lines: dict[int, list[str]] = {logging.WARNING: [], logging.INFO: []}
        logging.getLogger(PACKAGE).addHandler(self)
        logging.getLogger(PACKAGE).setLevel(logging.INFO)
        return self.lines

    def __exit__(self, *_: object) -> None:
        logging.getLogger(PACKAGE).removeHandler(self)
        logging.getLogger(PACKAGE).setLevel(logging.NOTSET)

    def emit(self, record: logging.LogRecord) -> None:
        level = logging.INFO if record.levelno < logging.WARNING else logging.WARNING
        self.lines[level].append(record.getMessage())


class Part:
    """What is there in the samples of a part of the data."""

    def __init__(self):
        self.kinds, self.contents, self.broken = Counter(), Counter(), []
        self.ranges: dict[str, tuple[float, float]] = {}
        """lowest and highest number by name and shape"""

    def add(self, sample: dict[str, Any], kinds: list[str]) -> None:
        """Count a sample, a batch of one, in."""
        self.kinds.update(kinds)
        digest = hashlib.blake2b(digest_size=8)
        for name, value in sample.items():
            # The name of a file, say, and what tells the same sample of another pass apart.
            if not isinstance(value, Tensor) or name == "key":
                continue
            if name not in TARGETS:
                digest.update(value.contiguous().numpy().tobytes())
            if value.numel():  # as the columns of names in a table of numbers haven't
                name = f"{name} {list(value.shape[1:])} {str(value.dtype).removeprefix('torch.')}"
                low, high = self.ranges.get(name, (float("inf"), float("-inf")))
                self.ranges[name] = (min(low, value.min().item()), max(high, value.max().item()))
        self.contents[digest.digest()] += 1


def read(
    loader: Loader, name: str, kinds: Callable[[dict[str, Tensor]], list[str]]
) -> tuple[Part, list[dict[str, Tensor]]]:
    """Return what is there in a part, and the first of its samples."""
    part, samples = Part(), []
    for index in tqdm(range(len(loader.dataset)), name, leave=False):
        try:
            sample = loader.dataset[[index]]
        except UserError as error:
            part.broken.append(last_line(error))
        else:
            part.add(sample, kinds(sample))
            samples += [sample] * (len(samples) < SHOWN)
    return part, samples


def find_trouble(parts: dict[str, Part]) -> Iterator[str]:
    """Yield what may spoil a run, the most important first, each with what mends it."""
    train = parts["train"]
    for name, part in parts.items():
        known = part.contents.keys() & train.contents.keys() if part is not train else ()
        if leaked := sum(part.contents[each] for each in known):
            yield (
                f"{leaked:,} of {part.contents.total():,} samples for {name} are in train as well, "
                "so that scores will be too good: take them out of one of the two"
            )
    twice = train.contents.total() - len(train.contents)
    if twice * 20 > train.contents.total():
        yield f"{twice:,} of {train.contents.total():,} samples to train on are copies of others"
    names = {kind for part in parts.values() for kind in part.kinds}
    few = sorted((train.kinds[kind], kind) for kind in names if train.kinds[kind] < FEW)
    if few:
        told = ", ".join(f"{kind} {count}" for count, kind in few[:LINES])
        more = f" and {len(few) - LINES} more" if few[LINES:] else ""
        yield f"few samples to train on: {told}{more}; get more, or leave these out"
    if unseen := sorted(names - parts["evaluation"].kinds.keys()):
        told = ", ".join(unseen[:LINES]) + (" ..." if unseen[LINES:] else "")
        yield f"nothing to evaluate {told} on; raise data.holdout, or get more"


def describe(parts: dict[str, Part]) -> Iterator[str]:
    """Yield what is there: a bar for each kind of what is trained on, and what its numbers are."""
    heads = [f"{name} {part.contents.total():,}" for name, part in parts.items()]
    kinds = sum((part.kinds for part in parts.values()), Counter())
    wide = min(max((len(kind) for kind in kinds), default=0), 24)
    train = parts["train"].kinds
    longest = max(train.values(), default=0) or 1
    yield " " * (wide + BAR) + "".join(f"{head:>18}" for head in heads)
    for kind, _ in kinds.most_common(LINES):
        bar = "\u2588" * -(-train[kind] * BAR // longest)
        counts = "".join(f"{part.kinds[kind]:>18,}" for part in parts.values())
        yield f"{kind[:wide]:{wide}} {bar:{BAR - 1}}{counts}"
    if others := kinds.most_common()[LINES:]:
        yield f"and {len(others)} more, of {others[-1][1]:,} to {others[0][1]:,}"
    for name, (low, high) in parts["train"].ranges.items():
        yield f"{name}: {low:g} to {high:g}"


def check(
    argv: list[str],
    kinds: Callable[[dict[str, Tensor], Any], list[str]],
    show: Callable[[list[dict[str, Tensor]], Any, Path], str],
) -> None:
    """Read every sample that the settings name, tell what is there, and show some of it.

    `kinds` says as what a sample is counted; `show` gives a table, or draws a picture in a folder
    and names it. Raises UserError if a sample can't be read, once all have been tried.
    """
    cfg = parse_config(f"python -m {PACKAGE}.data", argv)
    PartialState(cpu=True)
    with Notes() as notes:
        loaders, spec = build_loaders(cfg.data, cfg.seed)
    parts, samples = {}, []
    for name, loader in loaders.items():
        parts[name], some = read(loader, name, lambda sample: kinds(sample, spec))
        samples += some[: SHOWN - len(samples)]
    broken = [line for part in parts.values() for line in part.broken]
    found = broken[:LINES] + notes[logging.WARNING] + [*find_trouble(parts)]
    told = [f"! {line}" for line in found] + notes[logging.INFO]
    print(*told, *describe(parts), sep="\n")
    RUNS.mkdir(exist_ok=True)
    if samples:
        print(show(samples, spec, RUNS))
    if broken:
        raise UserError(f"{len(broken)} of the samples can't be read")
