"""Tensors as pictures to look at."""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

LARGE = 1024
"""side of a picture, in pixels, from which on it isn't enlarged"""


def to_picture(image: Tensor, size: int) -> Image.Image:
    """Return an image [c, h, w] of any kind to look at: RGB, or the first channel in gray.

    Numbers that aren't bytes are shown from the lowest, black, to the highest, white.
    """
    pixels = image if len(image) == 3 else image[:1].expand(3, -1, -1)
    if pixels.dtype != torch.uint8:
        low, high = pixels.min(), pixels.max()
        pixels = ((pixels - low) * (255 / (high - low).clamp(min=1e-9))).byte()
    return Image.fromarray(pixels.permute(1, 2, 0).numpy()).resize((size, size))


def save_enlarged(sheet: Image.Image, folder: Path) -> Path:
    """Save a sheet, with small pixels as squares that can be seen, and return the file."""
    file, times = folder / "data.png", max(1, min(4, LARGE // sheet.width))
    size = (times * sheet.width, times * sheet.height)
    sheet.resize(size, Image.Resampling.NEAREST).save(file)
    return file
