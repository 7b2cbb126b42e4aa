"""A folder of images and their masks, checked before a minute of training is spent on it."""

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from .errors import UserError
from .images import Decoded, Spec, check_images, count_channels, list_images, open_image
from .masks import count_classes, read_mask, to_label
from .parts import divide


def read_folder(cfg: Any) -> tuple[dict[str, Decoded], Spec]:
    """Return the images of `root/train` and `root/test` or, if those aren't there, of `root` split.

    `cfg` is a DataConfig. Raises UserError for a missing folder or mask, an unreadable file and,
    without `channels`, for images with different numbers of channels.
    """
    root = cfg.root
    if (root / "train").is_dir() and (root / "test").is_dir():
        parts = {"train": list_pairs(root / "train"), "evaluation": list_pairs(root / "test")}
    else:
        pairs = list_pairs(root)
        if len(pairs) < 2:
            raise UserError(f"{root} holds one image; one more is needed, to evaluate on")
        names = [path.relative_to(root).as_posix() for path, _ in pairs]
        divided = divide(names, cfg.holdout, cfg.test)
        parts = {part: [pairs[i] for i in rows] for part, rows in divided.items()}
    images, masks = zip(*(pair for part in parts.values() for pair in part), strict=True)
    check_images(images, same_channels=cfg.channels is None)
    first = open_image(images[0])
    classes = cfg.classes or count_classes(read_mask(open_image(path), str(path)) for path in masks)
    spec = Spec(classes, cfg.channels or count_channels(first), cfg.size or min(first.size))
    for part, pairs in parts.items():
        names = (path.relative_to(root).as_posix() for path, _ in pairs)
        parts[part] = Decoded(partial(read_pair, pairs, spec), len(pairs), spec, names)
    return parts, spec


def read_pair(
    pairs: list[tuple[Path, Path]], spec: Spec, epoch: int, index: int
) -> tuple[Image.Image, Tensor]:
    """Return an image and its label [size, size], the same ones in each epoch."""
    image, mask = (open_image(path) for path in pairs[index])
    return image, to_label(mask, image, spec, str(pairs[index][1]))


def list_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Return the files of `folder/images`, sorted, each with that in `folder/masks` of its name."""
    for part in (folder / "images", folder / "masks"):
        if not part.is_dir():
            raise UserError(f"{part} is not a folder; data.root wants one with images and masks")
    pairs = []
    for image in list_images(folder / "images"):
        inside = image.relative_to(folder / "images").with_suffix(".png")
        pairs.append((image, folder / "masks" / inside))
        if not pairs[-1][1].is_file():
            raise UserError(f"{image} has no mask: {pairs[-1][1]} is not there")
    return pairs
