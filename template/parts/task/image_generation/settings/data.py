"""Settings of `data`."""

from dataclasses import dataclass, field
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, PositiveInt

from .augment import AugmentConfig
from .images import ImageConfig


@dataclass(kw_only=True)
class DataConfig(ImageConfig):
    """The images; without `root` and `hf` the 1,797 digits that come with scikit-learn."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    root: Path | None = None
    """folder of images, or of a folder per class, or splits (`train`, `val`) of these"""
    label: str | None = None
    """column of `hf` with the labels; null takes the first one of type ClassLabel, or `label`"""
    streaming: bool = False
    """read `hf` as a stream, in the order of a shuffle buffer, without storing it"""
    train_examples: PositiveInt | None = None
    """images of one epoch; needed for a stream that doesn't tell its length"""
    eval_examples: PositiveInt | None = None
    """images of one evaluation; needed for a stream that doesn't tell its length"""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images, which the generated ones then show as well"""

    def __post_init__(self):
        super().__post_init__()
        if self.streaming and not self.hf:
            raise ValueError("data.streaming reads a dataset of data.hf, which is null")
        if self.streaming and self.skip_broken:
            raise ValueError("data.skip_broken would change the length of data.streaming's epochs")
