"""Masks: images of one channel that hold the class of each pixel."""

import colorsys
from collections.abc import Iterable

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .errors import UserError
from .images import Spec

UNLABELLED = 255
"""value of the pixels that have no class, which count neither in the loss nor in the scores"""
ONE_CHANNEL = ("1", "L", "P", "I", "I;16")
HUES = [colorsys.hsv_to_rgb(0.618 * number, 0.7, 1) for number in range(UNLABELLED - 1)]
PALETTE = [0, 0, 0, *(round(255 * part) for hue in HUES for part in hue), 255, 255, 255]
"""red, green and blue of each value: the first class black, neighbours far apart"""


def read_mask(mask: Image.Image, name: str) -> np.ndarray:
    """Return the values [h, w] of a mask; raise UserError if they can't be classes."""
    if mask.mode not in ONE_CHANNEL:
        raise UserError(f"{name} is of mode {mask.mode}; a mask has one channel, of class indices")
    values = np.asarray(mask)
    if values.min() < 0 or values.max() > UNLABELLED:
        raise UserError(f"{name} holds {values.min()} to {values.max()}; allowed: 0 to 255")
    return values.astype(np.uint8)


def to_label(mask: Image.Image, image: Image.Image, spec: Spec, name: str) -> Tensor:
    """Return the middle of an image's mask as uint8 [size, size], scaled without mixing classes.

    Raises UserError if the mask is not of the image's size or holds more than the classes.
    """
    values = read_mask(mask, name)
    if mask.size != image.size:
        sizes = "{} x {} pixels, its image of {} x {}".format(*mask.size, *image.size)
        raise UserError(f"{name} is of {sizes}")
    beyond = values[(values >= len(spec.classes)) & (values != UNLABELLED)]
    if beyond.size:
        raise UserError(
            f"{name} holds the class {beyond[0]}; allowed: 0 to {len(spec.classes) - 1} "
            f"({', '.join(spec.classes)}), and {UNLABELLED} for unlabelled"
        )
    side = (spec.size, spec.size)
    fitted = ImageOps.fit(Image.fromarray(values), side, Image.Resampling.NEAREST)
    return torch.from_numpy(np.array(fitted))


def count_classes(masks: Iterable[np.ndarray]) -> list[str]:
    """Return a name for each class from 0 to the highest in the masks; UserError if that is 0."""
    highest = max(int(values[values != UNLABELLED].max(initial=0)) for values in masks)
    if not highest:
        raise UserError(f"the masks hold no class but 0, for {UNLABELLED} means unlabelled")
    return [str(number) for number in range(highest + 1)]


def paint(values: Tensor) -> Image.Image:
    """Return an image that holds the values [h, w] and shows them in colours."""
    mask = Image.fromarray(values.to(torch.uint8).cpu().numpy())
    mask.putpalette(PALETTE)
    return mask
