"""Image datasets of the `datasets` library, by name or local path."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image

from ..core.errors import UserError, check_choice
from .decoded import Decoded, find_class, tell_missing
from .hub_splits import choose_splits, load_splits
from .images import Spec
from .pixels import decode, naming, to_mode
from .split import divide
from .survey import count_channels, find_size, sift

LABELS = ("label", "labels", "class", "category", "target")
"""columns that are taken for the label if none is of type ClassLabel"""


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
        else:
            #% if 'stream' in sources %#
            if cfg.streaming:
                raise UserError(f"data.label: {self.label} of a stream isn't of type ClassLabel")
            #% endif %#
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


def open_hub(
    cfg: Any, known: Spec | None, flat: bool, streaming: bool = False
) -> tuple[dict[str, Any], Columns, Spec]:
    """Return the splits of the dataset `cfg.hf` by their parts, what is in them, and their spec.

    Raises UserError if the dataset, a split, an image or a label column is not there.
    """
    splits = load_splits(cfg.hf, streaming)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    parts = {part: splits[name] for part, name in chosen.items()}
    columns = Columns(parts["train"], cfg, known, flat)
    with naming(f"of {cfg.hf}"):
        first = decode(next(iter(parts["train"]))[columns.image])
    channels = cfg.channels or (known.channels if known else count_channels(first))
    return parts, columns, Spec(columns.classes, channels, find_size(first, cfg, known))


def read_hub(
    cfg: Any, known: Spec | None = None, flat: bool = False
) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf`, divided if there is one; `cfg` is a DataConfig.

    The classes are those of `known`, a run's own spec, if it is given; if `flat`, images may have
    none.
    """
    parts, columns, spec = open_hub(cfg, known, flat)
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
