"""The classes of pixels, as masks of any kind hold them."""

import logging
from collections.abc import Iterable

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..core.errors import UserError
from ..settings.data import UNLABELLED
from .decoded import tell_missing
from .masks import Spec

log = logging.getLogger(__name__)

ONE_CHANNEL = ("1", "L", "P", "I", "I;16")


def read_mask(mask: Image.Image, name: str) -> np.ndarray:
    """Return the values [h, w] of a mask; raise UserError if they can't be classes."""
    if mask.format == "JPEG":
        raise UserError(f"{name} is a JPEG, which changes the values of pixels; write it as PNG")
    values = np.asarray(mask)
    if mask.mode in ("RGB", "RGBA") and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]  # gray, in a file of colours
    elif mask.mode not in ONE_CHANNEL:
        raise UserError(f"{name} is of mode {mask.mode}; a mask has one channel, of class indices")
    if values.min() < 0 or values.max() > UNLABELLED:
        raise UserError(f"{name} holds {values.min()} to {values.max()}; allowed: 0 to 255")
    return values.astype(np.uint8)


def check_size(mask: Image.Image, image: Image.Image, name: str) -> None:
    """Raise UserError if a mask is not of its image's size."""
    if mask.size == image.size:
        return
    sizes = "{} x {} pixels, its image of {} x {}".format(*mask.size, *image.size)
    turned = mask.size == image.size[::-1]
    hint = "; one of the two is turned, by its orientation tag or without one" if turned else ""
    raise UserError(f"{name} is of {sizes}{hint}")


def to_label(mask: Image.Image, image: Image.Image, spec: Spec, name: str) -> Tensor:
    """Return the middle of an image's mask as uint8 [size, size], scaled without mixing classes.

    Raises UserError if the mask is not of the image's size or holds more than the classes.
    """
    values = read_mask(mask, name)
    check_size(mask, image, name)
    if spec.binary:
        values = np.where(values == UNLABELLED, 1, np.where(values == 1, UNLABELLED, values))
    beyond = values[(values >= len(spec.classes)) & (values != UNLABELLED)]
    if beyond.size:
        raise UserError(
            f"{name} holds the class {beyond[0]}; allowed: 0 to {len(spec.classes) - 1} "
            f"({', '.join(spec.classes)}), and {UNLABELLED} for unlabelled"
        )
    side = (spec.size, spec.size)
    fitted = ImageOps.fit(Image.fromarray(values), side, Image.Resampling.NEAREST)
    return torch.from_numpy(np.array(fitted))


def find_classes(
    train: Iterable[np.ndarray], others: Iterable[np.ndarray], names: list[str] | None
) -> tuple[list[str], bool]:
    """Return the classes of masks, and whether 255 is the second one, where no mask says 1 or more.

    `names`, if given, are the classes; then masks are read until each has been seen. Raises
    UserError if the masks to train on label one class alone.
    """
    seen = look(train, len(names) if names else None)
    both = seen if names and seen[: len(names)].all() else seen | look(others)
    labelled = np.flatnonzero(seen[:UNLABELLED])
    binary = both[[0, UNLABELLED]].all() and not both[1:UNLABELLED].any()
    if binary and (names is None or len(names) == 2) and seen[[0, UNLABELLED]].all():
        log.warning("the masks hold 0 and 255, and no 1: 255 is taken for the second class")
        return names or ["0", "255"], True
    if len(labelled) < 2:
        found = f"no class but {labelled[0]}" if len(labelled) else "no class"
        raise UserError(f"the masks to train on hold {found}, for {UNLABELLED} means unlabelled")
    classes = names or [str(n) for n in range(np.flatnonzero(both[:UNLABELLED]).max() + 1)]
    tell_missing("train", labelled.tolist(), classes)
    return classes, False


def look(masks: Iterable[np.ndarray], count: int | None = None) -> np.ndarray:
    """Return which of the values 0 to 255 are in masks; only until the first `count` are seen."""
    seen = np.zeros(UNLABELLED + 1, dtype=bool)
    for values in masks:
        seen |= np.bincount(values.ravel(), minlength=len(seen)) > 0
        if count and seen[:count].all():
            break
    return seen
