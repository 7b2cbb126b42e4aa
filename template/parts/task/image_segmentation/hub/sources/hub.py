"""Datasets of the `datasets` library with a column of images and one of masks."""

from functools import partial
from typing import Any

from PIL import Image
from torch import Tensor

from ..core.errors import UserError, check_choice
from .decoded import Decoded
from .hub_splits import choose_splits, load_splits
from .labels import check_size, find_classes, read_mask, to_label
from .masks import Spec
from .pixels import decode, naming, to_mode
from .split import divide
from .survey import count_channels, find_size, sift


def read_hub(cfg: Any, known: Spec | None = None) -> tuple[dict[str, Decoded], Spec]:
    """Return the splits of the dataset `cfg.hf`; `cfg` is a DataConfig.

    The classes are those of `known`, a run's own spec, if it is given. Raises UserError if the
    dataset, a split or one of the two columns is not there.
    """
    splits = load_splits(cfg.hf)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    columns = find_columns(splits[chosen["train"]], cfg)
    parts = {part: splits[name].select_columns(columns) for part, name in chosen.items()}
    if cfg.skip_broken:
        for part, rows in parts.items():
            found = sift(range(len(rows)), partial(read_whole, rows, columns, cfg), skip=True)
            parts[part] = rows.select([index for index, _ in found])
    if "evaluation" not in parts:
        names = [f"row {number}" for number in range(len(parts["train"]))]
        divided = divide(names, cfg.holdout, cfg.test)
        parts |= {part: parts["train"].select(rows) for part, rows in divided.items() if rows}
    with naming(f"of {cfg.hf}"):
        first = decode(parts["train"][0][columns[0]])
        channels = cfg.channels or (known.channels if known else count_channels(first))
        spec = Spec([], channels, find_size(first, cfg, known))
        if known:
            spec.classes, spec.binary = known.classes, known.binary
        else:
            train = list_masks([parts["train"]], columns[1])
            others = list_masks([parts[part] for part in parts if part != "train"], columns[1])
            spec.classes, spec.binary = find_classes(train, others, cfg.classes)
    for part, rows in parts.items():
        read = partial(read_row, rows, columns, spec)
        parts[part] = Decoded(read, [f"row {n}" for n in range(len(rows))], spec, cfg)
    return parts, spec


def list_masks(splits: list[Any], column: str) -> Any:
    """Yield the values [h, w] of the masks of some splits."""
    for rows in splits:
        for row in rows.select_columns(column):
            yield read_mask(decode(row[column]), "a mask")


def read_row(
    rows: Any, columns: list[str], spec: Spec, epoch: int, index: int
) -> tuple[Image.Image, Tensor]:
    """Return a row's image and label [size, size], the same ones in each epoch."""
    row = rows[index]
    image, mask = (decode(row[column]) for column in columns)
    return image, to_label(mask, image, spec, f"mask {index}")


def read_whole(rows: Any, columns: list[str], cfg: Any, index: int) -> None:
    """Raise UserError if a row's image or its mask can't be read, or they are of two sizes."""
    with naming(f"row {index}"):
        row = rows[index]
        image, mask = (decode(row[column]) for column in columns)
        to_mode(image, 3, cfg)
    read_mask(mask, f"mask {index}")
    check_size(mask, image, f"mask {index}")


def find_columns(rows: Any, cfg: Any) -> list[str]:
    """Return the names of the columns of images and of masks: the first two of type Image."""
    found = [n for n, feature in rows.features.items() if type(feature).__name__ == "Image"]
    for name in filter(None, (cfg.image, cfg.mask)):
        check_choice("a column of data.hf", name, found)
    rest = [name for name in found if name not in (cfg.image, cfg.mask)]
    columns = [cfg.image or (rest.pop(0) if rest else None), cfg.mask or (rest or [None])[0]]
    if None in columns or (len(found) > 2 and not cfg.mask):
        raise UserError(
            f"{cfg.hf} should have two columns of Image type, the second of masks; name others by "
            f"data.image and data.mask; it has {rows.features}"
        )
    return columns
