"""Settings of `data`."""

#% set changes = ['augment', 'auto_augment', 'mixup', 'progressive_resizing'] %#
#% if changes | select('in', extras) | list %#
from dataclasses import dataclass, field
#% else %#
from dataclasses import dataclass
#% endif %#
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

from pydantic import PositiveFloat

#% if 'augment' in extras %#
from .augment import AugmentConfig
#% endif %#
#% if 'auto_augment' in extras %#
from .auto_augment import AutoAugmentConfig
#% endif %#
from .images import ImageConfig
#% if 'mixup' in extras %#
from .mixup import MixupConfig
#% endif %#
#% if 'progressive_resizing' in extras %#
from .progressive_resizing import ProgressiveResizingConfig
#% endif %#


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """The images; unless others are named, the 1,797 digits that come with scikit-learn."""

    #% if 'folder' in sources %#
    root: Path | None = None
    """folder with a folder of images per class, or splits (`train`, `val`) of that kind"""
    #% endif %#
    #% if 'hub' in sources %#
    label: str | None = None
    """column of `hf` with the labels; null takes the first one of type ClassLabel, or `label`"""
    #% endif %#
    mean: float | list[float] = 0.5
    """subtracted from the pixels, which lie in [0, 1]: one number, or one for each channel"""
    std: PositiveFloat | list[PositiveFloat] = 0.25
    """divides the pixels after that, likewise"""
    #% if 'augment' in extras %#
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images"""
    #% endif %#
    #% if 'auto_augment' in extras %#
    auto_augment: AutoAugmentConfig = field(default_factory=AutoAugmentConfig)
    """changes of them by a policy, before those"""
    #% endif %#
    #% if 'progressive_resizing' in extras %#
    progressive_resizing: ProgressiveResizingConfig = field(
        default_factory=ProgressiveResizingConfig
    )
    """their growing size"""
    #% endif %#
    #% if 'mixup' in extras %#
    mixup: MixupConfig = field(default_factory=MixupConfig)
    """mixing of two of them, after those changes"""
    #% endif %#
    #% if 'mixup' in extras %#

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size % 2:
            raise ValueError(f"data.batch_size is {self.batch_size}; mixup takes pairs: even ones")
    #% endif %#
