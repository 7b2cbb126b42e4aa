"""Settings of `mixup`."""

from dataclasses import dataclass

from pydantic import NonNegativeFloat


@dataclass(kw_only=True)
class MixupConfig:
    """How rows 2i and 2i + 1 of a batch are mixed; 0 switches a way off, of both an image has one.

    The share that an image keeps is drawn from Beta(a, a), for each image: a of 1 gives all shares
    alike, a lower one more of those near 0 and 1.
    """

    alpha: NonNegativeFloat = 0.2
    """a of mixup, the weighted mean of both images (Zhang et al., ICLR 2018)"""
    cutmix: NonNegativeFloat = 0.0
    """a of CutMix, a rectangle of the one within the other (Yun et al., ICCV 2019)"""

    def __post_init__(self):
        if not self.alpha and not self.cutmix:
            raise ValueError("data.mixup.alpha and data.mixup.cutmix are both 0; set one above it")
