"""Settings of `auto_augment`."""

from dataclasses import dataclass
from typing import Literal

from pydantic import PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class AutoAugmentConfig:
    """Which operations change a training image, and how much.

    trivial: one of all, of any strength (TrivialAugment with RandAugment's ranges; Mueller and
    Hutter, ICCV 2021). rand: `count` of all, of strength `magnitude` (RandAugment; Cubuk et al.,
    NeurIPS 2020). auto: two, from what a search found for CIFAR-10 (AutoAugment; Cubuk et al.,
    CVPR 2019).
    """

    policy: Literal["trivial", "rand", "auto"] = "trivial"
    """trivial: one operation of any strength; rand: `count` of strength `magnitude`; auto: CIFAR"""
    count: PositiveInt = 2
    """operations per image (rand)"""
    magnitude: ClosedUnitInterval = 0.3
    """strength as a share of the largest (rand); that is the paper's M / 30"""
