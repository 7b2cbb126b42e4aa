"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A small U-Net of residual blocks with group normalisation, for images of any size."""

    width: PositiveInt = 8
    """channels of the first stage; each further stage has twice as many"""
    stages: PositiveInt = 3
    """stages; each but the first halves the side of the image"""
    dropout: ClosedUnitInterval = 0.1
    """share of the last stage's channels that are dropped"""
