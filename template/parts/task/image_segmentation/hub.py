"""Datasets of the `datasets` library with a column of images and one of masks."""

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from .errors import UserError
from .images import Decoded, Spec, count_channels
from .masks import count_classes, read_mask, to_label
from .rng import hold_out


def read_hub(cfg: Any) -> tuple[Decoded, Decoded, Spec]:
    """Return two splits of the dataset `cfg.hf`; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split or one of the two columns is not there.
    """
    splits = load(cfg.hf)
    train = pick(splits, cfg.train_split)
    name = cfg.eval_split or next((n for n in ("test", "validation") if n in splits), None)
    if name is None:
        kept, held_out = hold_out(len(train), cfg.holdout)
        train, evaluation = train.select(kept), train.select(held_out)
    else:
        evaluation = pick(splits, name)
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


def load(name: str) -> Any:
    """Return the splits of a dataset on the hub, in a local folder, or saved by `save_to_disk`."""
    try:
        import datasets
    except ImportError:
        raise UserError("data.hf needs the datasets library: pip install datasets") from None
    try:
        if (Path(name) / "dataset_dict.json").is_file():
            return datasets.load_from_disk(name)
        return datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"data.hf: {name} can't be loaded: {error}".splitlines()[0]) from None


def pick(splits: Any, name: str) -> Any:
    """Return a split by name."""
    if name not in splits:
        raise UserError(f"there is no split {name}; allowed: {', '.join(splits)}")
    return splits[name]


def find_columns(rows: Any, name: str) -> list[str]:
    """Return the names of the two columns of images, of which the second is that of the masks."""
    columns = [n for n, feature in rows.features.items() if type(feature).__name__ == "Image"]
    if len(columns) != 2:
        raise UserError(
            f"{name} should have two columns of Image type, the second of masks; "
            f"it has {rows.features}"
        )
    return columns
