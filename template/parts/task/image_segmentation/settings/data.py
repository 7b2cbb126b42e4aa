"""Settings of `data`."""

from dataclasses import dataclass, field
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, PositiveInt

from .augment import AugmentConfig
from .images import ImageConfig

UNLABELLED = 255
"""value of the pixels that have no class, which count neither in the loss nor in the scores"""


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """Images with masks; without `root` and `hf` scenes of the digits of scikit-learn."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    scenes: PositiveInt = 2048
    """scenes to train on, where there is neither `root` nor `hf`"""
    root: Path | None = None
    """folder of `images` and `masks`, named alike, or splits (`train`, `val`) of that kind"""
    mask: str | None = None
    """column of `hf` with the masks; null takes the second one of type Image"""
    classes: list[str] | None = None
    """names of the values 0, 1, ... of a mask (255 is unlabelled); null reads all masks to count"""
    mean: float | list[float] = 0.5
    """subtracted from the pixels, which lie in [0, 1]: one number, or one for each channel"""
    std: float | list[float] = 0.25
    """divides the pixels after that, likewise"""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images"""

    def __post_init__(self):
        super().__post_init__()
        if self.classes is not None and not 2 <= len(self.classes) <= UNLABELLED:
            raise ValueError(f"data.classes holds {len(self.classes)} names; allowed: 2 to 255")
