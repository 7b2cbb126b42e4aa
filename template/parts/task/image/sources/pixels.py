"""One picture: read as people see it, and brought to gray or to colours of 8 bits."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..core.errors import UserError, one_line
from ..settings.images import ImageConfig

# Pillow warns of half the size that it refuses, and of tags that it goes on without.
warnings.filterwarnings("ignore", module=r"PIL\.")

HIGHEST = {"L": 255, "I;16": 65535, "I;16L": 65535, "I;16B": 65535}
"""white, by the modes of one channel that tell it"""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""what brings a picture upright, by its orientation tag"""


@contextmanager
def naming(name: Any) -> Iterator[None]:
    """Turn whatever a decoder fails with, which may be anything, into a UserError with a name."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except UnidentifiedImageError:  # which names the file once more
        raise UserError(f"unreadable image {name}: in no format that Pillow knows") from None
    except Exception as error:
        raise UserError(f"unreadable image {name}: {one_line(error)}") from None


def open_image(path: Path) -> Image.Image:
    """Return a decoded image, upright; raise UserError, with its name, if it can't be read."""
    with naming(path), Image.open(path) as image:
        return decode(image)


def decode(image: Image.Image) -> Image.Image:
    """Return the pixels of an opened image, of its first frame, upright."""
    image.load()
    if image.mode == "I" and image.format in ("PNG", "PPM"):  # where Pillow gives 16 bits as 32
        image = Image.fromarray(np.asarray(image).astype(np.uint16))
    turn = UPRIGHT.get(find_orientation(image))  # of TIFF, Pillow has turned it, and says 1
    return image if turn is None else image.transpose(turn)


def find_orientation(image: Image.Image) -> int:
    """Return an image's orientation tag, 1 for none, or for tags that can't be read."""
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:
        return 1


def to_mode(image: Image.Image, channels: int, cfg: ImageConfig) -> Image.Image:
    """Return a decoded image as gray (1 channel) or RGB (3) of 8 bits.

    Transparent pixels show the ground. Raises UserError for numbers whose range isn't known.
    """
    if image.mode in ("I", "F") or (image.mode in HIGHEST and (image.mode != "L" or cfg.range)):
        image = scale(image, cfg.range)
    if image.has_transparency_data:
        shade = cfg.ground if isinstance(cfg.ground, list) else 3 * [cfg.ground]
        ground = Image.new("RGBA", image.size, (*shade, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image.convert("L" if channels == 1 else "RGB")


def scale(image: Image.Image, limits: list[float] | None) -> Image.Image:
    """Return an image of one channel with its lowest and highest number as black and white."""
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it holds numbers that are not finite")
    if limits is None and image.mode not in HIGHEST:
        raise ValueError(
            f"it holds numbers of 32 bits, {values.min():g} to {values.max():g}; say which are "
            "black and white, data.range [low, high]"
        )
    low, high = limits or (0, HIGHEST[image.mode])
    return Image.fromarray(np.rint(((values - low) / (high - low)).clip(0, 1) * 255).astype("u1"))
