"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import NonNegativeFloat, PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A convolutional generator and critic, for images of any size."""

    width: PositiveInt = 32
    """channels of both at the size of the image; each further stage has twice as many"""
    stages: PositiveInt = 2
    """times that the critic halves the side of an image and the generator doubles it"""
    noise: PositiveInt = 32
    """numbers, normally distributed, that an image is made from"""
    penalty: NonNegativeFloat = 10.0
    """weight of the gradient penalty in the critic's loss"""
    dropout: ClosedUnitInterval = 0.0
    """share of the critic's features dropped before its last layer"""
