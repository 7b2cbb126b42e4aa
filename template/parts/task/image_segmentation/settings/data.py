"""Settings of `data`."""

#% if 'augment' in extras %#
from dataclasses import dataclass, field
#% else %#
from dataclasses import dataclass
#% endif %#
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

from pydantic import PositiveFloat, PositiveInt

#% if 'augment' in extras %#
from .augment import AugmentConfig
#% endif %#
from .images import ImageConfig

UNLABELLED = 255
"""value of the pixels that have no class, which count neither in the loss nor in the scores"""


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """Images with masks; unless others are named, scenes of the digits of scikit-learn."""

    scenes: PositiveInt = 2048
    """scenes to train on, where no other images are named"""
    #% if 'folder' in sources %#
    root: Path | None = None
    """folder of `images` and `masks`, named alike, or splits (`train`, `val`) of that kind"""
    #% endif %#
    #% if 'hub' in sources %#
    mask: str | None = None
    """column of `hf` with the masks; null takes the second one of type Image"""
    #% endif %#
    #% if sources %#
    classes: list[str] | None = None
    """names of the values 0, 1, ... of a mask (255 is unlabelled); null reads all masks to count"""
    #% endif %#
    mean: float | list[float] = 0.5
    """subtracted from the pixels, which lie in [0, 1]: one number, or one for each channel"""
    std: PositiveFloat | list[PositiveFloat] = 0.25
    """divides the pixels after that, likewise"""
    #% if 'augment' in extras %#
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images"""
    #% endif %#
    #% if sources %#

    def __post_init__(self):
        super().__post_init__()
        if self.classes is not None and not 2 <= len(self.classes) <= UNLABELLED:
            raise ValueError(f"data.classes holds {len(self.classes)} names; allowed: 2 to 255")
    #% endif %#
