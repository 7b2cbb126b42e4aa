"""Settings of `augment`."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Lt
from pydantic import NonNegativeFloat

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class AugmentConfig:
    """What is done to the training images; 0 switches a change off."""

    shift: ClosedUnitInterval = 0.0
    """largest shift, as a share of the image's side"""
    scale: Annotated[float, Ge(0), Lt(1)] = 0.0
    """largest relative change of the size"""
    turn: NonNegativeFloat = 0.0
    """largest rotation, in degrees"""
    flip: ClosedUnitInterval = 0.0
    """probability of a horizontal flip"""
    jitter: ClosedUnitInterval = 0.0
    """largest relative change of brightness and of contrast"""
