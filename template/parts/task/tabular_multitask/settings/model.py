"""Settings of `model`."""

from dataclasses import dataclass, field

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A linear model, and a residual network that adds what it lacks, with a head per target."""

    width: PositiveInt = 32
    """features of each layer of the residual network"""
    blocks: NonNegativeInt = 2
    """its residual blocks"""
    dropout: ClosedUnitInterval = 0.2
    """share dropped of its inputs, of the features in each block and of the last ones"""
    weights: dict[str, NonNegativeFloat] = field(default_factory=dict)
    """weight of a target's loss in the sum that is trained on; 1 for those not named"""
