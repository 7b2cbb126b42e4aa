"""Datasets of the `datasets` library with a column of images and one of masks."""

from functools import partial
from typing import Any

from PIL import Image
from torch import Tensor

from .errors import UserError
from .images import Decoded, Spec, count_channels
from .masks import count_classes, read_mask, to_label
from .parts import divide
from .splits import choose_splits, load_splits


def read_hub(cfg: Any) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf`; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split or one of the two columns is not there.
    """
    splits = load_splits(cfg.hf)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    image, mask = find_columns(splits[chosen["train"]], cfg.hf)
    parts = {part: splits[name].select_columns([image, mask]) for part, name in chosen.items()}
    if "evaluation" not in parts:
        names = [f"row {number}" for number in range(len(parts["train"]))]
        divided = divide(names, cfg.holdout, cfg.test)
        parts |= {part: parts["train"].select(rows) for part, rows in divided.items()}
    masks = (row[mask] for rows in parts.values() for row in rows.select_columns(mask))
    try:
        first = parts["train"][0][image]
        classes = cfg.classes or count_classes(read_mask(m, "a mask") for m in masks)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"data.hf: {cfg.hf} can't be read: {error}") from None
    spec = Spec(classes, cfg.channels or count_channels(first), cfg.size or min(first.size))
    for part, rows in parts.items():
        parts[part] = Decoded(partial(read_row, rows, spec), len(rows), spec)
    return parts, spec


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
