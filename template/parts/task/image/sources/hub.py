"""Image datasets of the `datasets` library, by name or local path, as a whole or as a stream."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from PIL import Image

from ..core.errors import UserError, check_choice
from .files import sift
from .images import Decoded, Spec, find_class, tell_missing
from .library import choose_splits, load_splits
from .pixels import count_channels, decode, naming, to_mode
from .split import divide
from .survey import find_size

BUFFER = 1000
"""images a stream draws its random order from"""
LABELS = ("label", "labels", "class", "category", "target")
"""columns that are taken for the label if none is of type ClassLabel"""


class Stream:
    """A split that is read from its start in each epoch, in that epoch's order."""

    def __init__(self, rows: Any, columns: "Columns", count: int):
        self.rows, self.columns, self.count = rows, columns, count
        self.epoch, self.position, self.ahead = -1, 0, iter(())

    def read(self, epoch: int, index: int) -> tuple[Image.Image, int]:
        if epoch != self.epoch or index < self.position:
            self.rows.set_epoch(epoch)
            # Unlike iter(self.rows), this doesn't deal the stream out to the loader's workers.
            self.epoch, self.position, self.ahead = epoch, 0, self.rows.iter(batch_size=1)
        row = next(islice(self.ahead, index - self.position, None), None)
        if row is None:
            raise UserError(f"the stream holds fewer than the {self.count} images it should")
        self.position = index + 1
        return self.columns.read({name: values[0] for name, values in row.items()}, index)


class Columns:
    """The columns of images and of labels, and the classes that these are of."""

    def __init__(self, rows: Any, cfg: Any, known: Spec | None, flat: bool):
        features = rows.features or {}
        kinds = {type(feature).__name__: n for n, feature in reversed(features.items())}
        self.image = cfg.image or kinds.get("Image")
        named = [name for name in LABELS if name in features]
        self.label = cfg.label or kinds.get("ClassLabel") or next(iter(named), None)
        for key, name in (("image", self.image), ("label", self.label)):
            if name is None and not (key == "label" and flat):
                raise UserError(f"{cfg.hf} has no column for data.{key}; it has {list(features)}")
            if name is not None:
                check_choice(f"data.{key}", name, features)
        self.names = getattr(features.get(self.label), "names", None)
        if known:
            self.classes = known.classes
        elif self.label is None:
            self.classes = ["all"]
        elif self.names:
            self.classes = self.names
        elif cfg.streaming:
            raise UserError(f"data.label: {self.label} isn't of type ClassLabel, as of a stream")
        else:
            values = sorted({value for value in rows[self.label] if value is not None})
            self.classes = list(dict.fromkeys(str(value).strip() for value in values))

    def find(self, value: Any, place: Any) -> int:
        """Return the number of the class that a label stands for; `place` is where it stands."""
        if self.label is None:
            return 0
        if value is None or (self.names and value < 0):
            raise UserError(f"{place} has no {self.label}")
        name = self.names[value] if self.names else str(value).strip()
        return find_class(name, self.classes, place, "the classes")

    def labels(self, rows: Any) -> list[int]:
        """Return the number of each row's class."""
        values = rows[self.label] if self.label else len(rows) * [None]
        return [self.find(value, f"row {index}") for index, value in enumerate(values)]

    def read(self, row: dict[str, Any], index: int) -> tuple[Image.Image, int]:
        """Return a row's image, upright, and the number of its class."""
        return decode(row[self.image]), self.find(row.get(self.label), f"row {index}")


def read_hub(
    cfg: Any, seed: int, known: Spec | None = None, flat: bool = False
) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf`, divided if there is one; `cfg` is a DataConfig.

    The classes are those of `known`, a run's own spec, if it is given; if `flat`, images may have
    none. Raises UserError if the dataset, a split, an image or a label column is not there.
    """
    splits = load_splits(cfg.hf, cfg.streaming)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    if "evaluation" not in chosen and cfg.streaming:
        raise UserError(f"data.eval_split: a stream needs one; {cfg.hf} has {', '.join(splits)}")
    parts = {part: splits[name] for part, name in chosen.items()}
    columns = Columns(parts["train"], cfg, known, flat)
    with naming(f"of {cfg.hf}"):
        first = decode(next(iter(parts["train"]))[columns.image])
    channels = cfg.channels or (known.channels if known else count_channels(first))
    spec = Spec(columns.classes, channels, find_size(first, cfg, known))
    if cfg.streaming:
        parts["train"] = parts["train"].shuffle(seed=seed, buffer_size=BUFFER)
        for part, rows in parts.items():
            given = cfg.train_examples if part == "train" else cfg.eval_examples
            count = given or count_examples(rows, chosen[part], part)
            names = range(count)
            parts[part] = Decoded(Stream(rows, columns, count).read, names, spec, cfg)
        return parts, spec
    labels = {part: columns.labels(rows) for part, rows in parts.items()}
    if "evaluation" not in parts:
        names = [f"row {number}" for number in range(len(labels["train"]))]
        divided = divide(names, cfg.holdout, cfg.test, labels["train"])
        parts = {part: parts["train"].select(rows) for part, rows in divided.items() if rows}
        labels = {part: [labels["train"][row] for row in divided[part]] for part in parts}
    for part, rows in parts.items():
        tell_missing(part, labels[part], spec.classes)
        read, names = partial(read_row, rows, columns), range(len(rows))
        if cfg.skip_broken:
            look = partial(check_row, read, cfg)
            names = [index for index, _ in sift(names, look, skip=True)]
            read = partial(read_row, rows.select(names), columns)
        parts[part] = Decoded(
            read, [f"row {row}" for row in names], spec, cfg, [labels[part][row] for row in names]
        )
    return parts, spec


def read_row(rows: Any, columns: Columns, epoch: int, index: int) -> tuple[Image.Image, int]:
    """Return a row's image and label, the same ones in each epoch."""
    return columns.read(rows[index], index)


def check_row(read: Callable, cfg: Any, index: int) -> None:
    """Raise UserError if a row's image can't be read."""
    with naming(f"row {index}"):
        to_mode(read(0, index)[0], 3, cfg)


def count_examples(rows: Any, split: str, part: str) -> int:
    """Return the length that the dataset itself tells of a split."""
    known = rows.info.splits or {}
    if split not in known or not known[split].num_examples:
        key = "train_examples" if part == "train" else "eval_examples"
        raise UserError(f"the stream of {split} doesn't tell its length; set data.{key}")
    return known[split].num_examples
