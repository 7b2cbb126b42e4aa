"""Settings of images and how they are read."""

from dataclasses import dataclass
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

#% if sources %#
from pydantic import NonNegativeInt, PositiveInt
#% else %#
from pydantic import PositiveInt
#% endif %#

from .types import OpenUnitInterval


@dataclass(kw_only=True)
class ImageConfig:
    """Where images come from, and what is made of their pixels."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    #% if sources %#
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """folder of images, in splits (`train` with `val`, `test` or the like) or to be divided"""
    #% endif %#
    #% if 'hub' in sources %#
    hf: str | None = None
    """image dataset of the `datasets` library: a name on the hub or a local path"""
    image: str | None = None
    """column of `hf` with the images; null takes the first one of type Image"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds images out"""
    #% endif %#
    #% if 'stream' in sources %#
    streaming: bool = False
    """read `hf` as a stream, in the order of a shuffle buffer, without storing it"""
    train_examples: PositiveInt | None = None
    """images of one epoch; needed for a stream that doesn't tell its length"""
    eval_examples: PositiveInt | None = None
    """images of one evaluation; needed for a stream that doesn't tell its length"""
    #% endif %#
    holdout: OpenUnitInterval = 0.2
    """share of the images, drawn by their names, to evaluate on where there is no split for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    size: PositiveInt | None = None
    """side of the square images, in pixels; null takes the first one's shorter side, up to 224"""
    channels: PositiveInt | None = None
    """1 (gray) or 3 (RGB), images are converted; null takes those that all images have"""
    range: list[float] | None = None
    """[low, high] of gray images, as black and white; null takes what 8 or 16 bits hold"""
    ground: int | list[int] = 255
    """what transparent pixels show: a gray level, or red, green and blue, of 0 to 255"""
    #% if sources %#
    skip_broken: bool = False
    """decode all images at the start, and leave out those that can't be read"""
    #% endif %#

    def __post_init__(self):
        #% if 'folder' in sources and 'hub' in sources %#
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
        #% endif %#
        #% if 'stream' in sources %#
        if self.streaming and not self.hf:
            raise ValueError("data.streaming reads a dataset of data.hf, which is null")
        if self.streaming and self.skip_broken:
            raise ValueError("data.skip_broken would change the length of data.streaming's epochs")
        #% endif %#
        if self.channels not in (None, 1, 3):
            raise ValueError(f"data.channels is {self.channels}; allowed: 1, 3, null")
        if self.range is not None and (len(self.range) != 2 or self.range[0] >= self.range[1]):
            raise ValueError(f"data.range is {self.range}; allowed: [low, high], null")
        ground = self.ground if isinstance(self.ground, list) else 3 * [self.ground]
        if len(ground) != 3 or not all(0 <= level <= 255 for level in ground):
            raise ValueError(f"data.ground is {self.ground}; allowed: 0 to 255, or three of those")
