"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import NonNegativeInt, PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A linear model, and a residual network that adds what it lacks."""

    width: PositiveInt = 32
    """features of each layer of the residual network"""
    blocks: NonNegativeInt = 2
    """its residual blocks"""
    dropout: ClosedUnitInterval = 0.2
    """share dropped of its inputs, of the features in each block and of the last ones"""
