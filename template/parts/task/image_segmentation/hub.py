"""Datasets of the `datasets` library with a column of images and one of masks."""

from functools import partial
from typing import Any

from PIL import Image
from torch import Tensor

from .errors import UserError
from .images import Decoded, Spec, count_channels
from .masks import count_classes, read_mask, to_label
from .rng import hold_out
from .splits import choose_splits, load_splits


def read_hub(cfg: Any) -> tuple[Decoded, Decoded, Spec]:
    """Return two splits of the dataset `cfg.hf`; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split or one of the two columns is not there.
    """
    splits = load_splits(cfg.hf)
    chosen, name = choose_splits(splits, cfg.train_split, cfg.eval_split)
    train = splits[chosen]
    if name is None:
        kept, held_out = hold_out(len(train), cfg.holdout)
        train, evaluation = train.select(kept), train.select(held_out)
    else:
        evaluation = splits[name]
    image, mask = find_columns(train, cfg.hf)
    parts = [rows.select_columns([image, mask]) for rows in (train, evaluation)]
    masks = (row[mask] for rows in parts for row in rows.select_columns(mask))
    try:
        first = train[0][image]
        classes = cfg.classes or count_classes(read_mask(m, "a mask") for m in masks)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"data.hf: {cfg.hf} can't be read: {error}") from None
    spec = Spec(classes, cfg.channels or count_channels(first), cfg.size or min(first.size))
    return *(Decoded(partial(read_row, rows, spec), len(rows), spec) for rows in parts), spec


def read_row(rows: Any, spec: Spec, epoch: int, index: int) -> tuple[Image.Image, Tensor]:
    """Return a row's image and label [size, size], the same ones in each epoch."""
    image, mask = rows[index].values()
    return image, to_label(mask, image, spec, f"mask {index}")


def find_columns(rows: Any, name: str) -> list[str]:
    """Return the names of the two columns of images, of which the second is that of the masks."""
    columns = [n for n, feature in rows.features.items() if type(feature).__name__ == "Image"]
    if len(columns) != 2:
        raise UserError(
            f"{name} should have two columns of Image type, the second of masks; "
            f"it has {rows.features}"
        )
    return columns
