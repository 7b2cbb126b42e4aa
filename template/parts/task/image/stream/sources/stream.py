"""Datasets that are read as they come, in the order of a shuffle buffer, without storing them."""

from itertools import islice
from typing import Any

from PIL import Image

from ..core.errors import UserError
from .decoded import Decoded
from .hub import Columns, open_hub
from .images import Spec

BUFFER = 1000
"""images a stream draws its random order from"""


class Stream:
    """A split that is read from its start in each epoch, in that epoch's order."""

    def __init__(self, rows: Any, columns: Columns, count: int):
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


def read_stream(
    cfg: Any, seed: int, known: Spec | None = None, flat: bool = False
) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf` as `read_hub` does, read anew in each epoch."""
    splits, columns, spec = open_hub(cfg, known, flat, streaming=True)
    if "evaluation" not in splits:
        raise UserError(f"data.eval_split: a stream needs one; {cfg.hf} has no other split")
    splits["train"] = splits["train"].shuffle(seed=seed, buffer_size=BUFFER)
    parts = {}
    for part, rows in splits.items():
        given = cfg.train_examples if part == "train" else cfg.eval_examples
        count = given or count_examples(rows, part)
        parts[part] = Decoded(Stream(rows, columns, count).read, range(count), spec, cfg)
    return parts, spec


def count_examples(rows: Any, part: str) -> int:
    """Return the length that the dataset itself tells of a split."""
    known, split = rows.info.splits or {}, str(rows.split)
    if split not in known or not known[split].num_examples:
        key = "train_examples" if part == "train" else "eval_examples"
        raise UserError(f"the stream of {split} doesn't tell its length; set data.{key}")
    return known[split].num_examples
