"""Masks: images of one channel that hold the class of each pixel, as they are drawn."""

import colorsys
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from ..settings.data import UNLABELLED
from . import images

HUES = [colorsys.hsv_to_rgb(0.618 * number, 0.7, 1) for number in range(UNLABELLED - 1)]
PALETTE = [0, 0, 0, *(round(255 * part) for hue in HUES for part in hue), 255, 255, 255]
"""red, green and blue of each value: the first class black, neighbours far apart"""


@dataclass
class Spec(images.Spec):
    """What the model must know of the images and masks."""

    binary: bool = False
    """whether 255 stands for the second of two classes, and no value for unlabelled"""


def paint(values: Tensor) -> Image.Image:
    """Return an image that holds the values [h, w] and shows them in colours."""
    mask = Image.fromarray(values.to(torch.uint8).cpu().numpy())
    mask.putpalette(PALETTE)
    return mask
