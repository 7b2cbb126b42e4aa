"""Settings of `augment`."""

from dataclasses import dataclass

from pydantic import NonNegativeInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class AugmentConfig:
    """What is done to the training images; 0 switches a change off."""

    crop: NonNegativeInt = 0
    """random crop of the image padded by this many pixels on each side"""
    flip: ClosedUnitInterval = 0.0
    """probability of a horizontal flip"""
    jitter: ClosedUnitInterval = 0.0
    """largest relative change of brightness, contrast and saturation"""
    grayscale: ClosedUnitInterval = 0.0
    """probability of taking the colours away"""
    erase: ClosedUnitInterval = 0.0
    """probability of filling a rectangle with the image's mean (Zhong et al., AAAI 2020)"""
