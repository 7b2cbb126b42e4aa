"""Settings of `augment`."""

from dataclasses import dataclass

from jsonargparse.typing import ClosedUnitInterval, NonNegativeFloat, restricted_number_type

Scale = restricted_number_type(
    "Scale", float, [(">=", 0), ("<", 1)], docstring="a number ≥0 and <1"
)


@dataclass(kw_only=True)
class AugmentConfig:
    """What is done to the training images; 0 switches a change off."""

    shift: ClosedUnitInterval = 0.0
    """largest shift, as a share of the image's side"""
    scale: Scale = 0.0
    """largest relative change of the size"""
    turn: NonNegativeFloat = 0.0
    """largest rotation, in degrees"""
    flip: ClosedUnitInterval = 0.0
    """probability of a horizontal flip"""
    jitter: ClosedUnitInterval = 0.0
    """largest relative change of brightness and of contrast"""
