"""Settings of `data`."""

#% if 'augment' in extras %#
from dataclasses import dataclass, field
#% else %#
from dataclasses import dataclass
#% endif %#
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

#% if sources %#
from pydantic import NonNegativeInt, PositiveInt
#% else %#
from pydantic import PositiveInt
#% endif %#

#% if 'augment' in extras %#
from .augment import AugmentConfig
#% endif %#
from .images import ImageConfig


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """The images; unless others are named, the 1,797 digits that come with scikit-learn."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    #% if sources %#
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """folder of images, or of a folder per class, or splits (`train`, `val`) of these"""
    #% endif %#
    #% if 'hub' in sources %#
    label: str | None = None
    """column of `hf` with the labels; null takes the first one of type ClassLabel, or `label`"""
    #% endif %#
    #% if 'stream' in sources %#
    streaming: bool = False
    """read `hf` as a stream, in the order of a shuffle buffer, without storing it"""
    train_examples: PositiveInt | None = None
    """images of one epoch; needed for a stream that doesn't tell its length"""
    eval_examples: PositiveInt | None = None
    """images of one evaluation; needed for a stream that doesn't tell its length"""
    #% endif %#
    #% if 'augment' in extras %#
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images, which the generated ones then show as well"""
    #% endif %#
    #% if 'stream' in sources %#

    def __post_init__(self):
        super().__post_init__()
        #% if 'stream' in sources %#
        if self.streaming and not self.hf:
            raise ValueError("data.streaming reads a dataset of data.hf, which is null")
        if self.streaming and self.skip_broken:
            raise ValueError("data.skip_broken would change the length of data.streaming's epochs")
        #% endif %#
    #% endif %#
