"""Settings of `data`."""

#% if 'augment' in extras %#
from dataclasses import dataclass, field
#% else %#
from dataclasses import dataclass
#% endif %#
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

#% if 'augment' in extras %#
from .augment import AugmentConfig
#% endif %#
from .images import ImageConfig


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """The images; unless others are named, the 1,797 digits that come with scikit-learn."""
    #% if sources or 'augment' in extras %#

    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """folder of images, or of a folder per class, or splits (`train`, `val`) of these"""
    #% endif %#
    #% if 'hub' in sources %#
    label: str | None = None
    """column of `hf` with the labels; null takes the first one of type ClassLabel, or `label`"""
    #% endif %#
    #% if 'augment' in extras %#
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images, which the generated ones then show as well"""
    #% endif %#
