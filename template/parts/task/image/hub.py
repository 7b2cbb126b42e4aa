"""Image datasets of the `datasets` library, by name or local path, as a whole or as a stream."""

from functools import partial
from itertools import islice
from typing import Any

from PIL import Image

from .errors import UserError
from .images import Decoded, Spec, count_channels
from .parts import divide
from .splits import choose_splits, load_splits

BUFFER = 1000
"""images a stream draws its random order from"""


class Stream:
    """A split that is read from its start in each epoch, in that epoch's order."""

    def __init__(self, rows: Any, columns: tuple[str, str], count: int):
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
        return row[self.columns[0]][0], row[self.columns[1]][0]


def read_hub(cfg: Any, seed: int) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf`; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split, an image or a label column is not there.
    """
    splits = load_splits(cfg.hf, cfg.streaming)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    if "evaluation" not in chosen and cfg.streaming:
        raise UserError(f"data.eval_split: a stream needs one; {cfg.hf} has {', '.join(splits)}")
    parts = {part: splits[name] for part, name in chosen.items()}
    columns, classes = find_columns(parts["train"], cfg.hf)
    first = next(iter(parts["train"]))[columns[0]]
    spec = Spec(classes, cfg.channels or count_channels(first), cfg.size or min(first.size))
    if cfg.streaming:
        parts["train"] = parts["train"].shuffle(seed=seed, buffer_size=BUFFER)
        for part, rows in parts.items():
            given = cfg.train_examples if part == "train" else cfg.eval_examples
            count = given or count_examples(rows, chosen[part], part)
            parts[part] = Decoded(Stream(rows, columns, count).read, count, spec)
        return parts, spec
    if "evaluation" not in parts:
        labels = parts["train"][columns[1]]
        names = [f"row {number}" for number in range(len(labels))]
        divided = divide(names, cfg.holdout, cfg.test, labels)
        parts |= {part: parts["train"].select(rows) for part, rows in divided.items()}
    for part, rows in parts.items():
        parts[part] = Decoded(partial(read_row, rows, columns), len(rows), spec)
    return parts, spec


def read_row(rows: Any, columns: tuple[str, str], epoch: int, index: int) -> tuple[Any, int]:
    """Return a row's image and label, the same ones in each epoch."""
    row = rows[index]
    return row[columns[0]], row[columns[1]]


def find_columns(rows: Any, name: str) -> tuple[tuple[str, str], list[str]]:
    """Return the names of the first image and label columns, and the names of the classes."""
    features = rows.features or {}
    kinds = {type(feature).__name__: column for column, feature in reversed(features.items())}
    if not {"Image", "ClassLabel"} <= kinds.keys():
        raise UserError(f"{name} lacks a column of Image or of ClassLabel type; it has {features}")
    return (kinds["Image"], kinds["ClassLabel"]), features[kinds["ClassLabel"]].names


def count_examples(rows: Any, split: str, part: str) -> int:
    """Return the length that the dataset itself tells of a split."""
    known = rows.info.splits or {}
    if split not in known or not known[split].num_examples:
        key = "train_examples" if part == "train" else "eval_examples"
        raise UserError(f"the stream of {split} doesn't tell its length; set data.{key}")
    return known[split].num_examples
