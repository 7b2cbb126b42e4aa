"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A small residual network with group normalisation, for images of any size."""

    width: PositiveInt = 16
    """channels of the first stage; each further stage has twice as many"""
    stages: PositiveInt = 3
    """stages; each but the first halves the side of the image"""
    blocks: PositiveInt = 1
    """residual blocks per stage"""
    dropout: ClosedUnitInterval = 0.1
    """share of the features dropped before the last layer"""
