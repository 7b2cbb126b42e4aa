"""Settings of `progressive_resizing`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import OpenUnitInterval


@dataclass(kw_only=True)
class ProgressiveResizingConfig:
    """How the side of the training images grows, as in fastai (Howard and Gugger, 2020)."""

    start: OpenUnitInterval = 0.5
    """side in the first pass, as a share of the full one"""
    epochs: PositiveInt = 10
    """passes after which the images have their full size, growing evenly until then"""
