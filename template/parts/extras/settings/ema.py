"""Settings of `ema`."""

from dataclasses import dataclass

from .types import OpenUnitInterval


@dataclass(kw_only=True)
class EMAConfig:
    """How slowly the average follows the weights."""

    decay: OpenUnitInterval = 0.99
    """share of the average that an optimizer step keeps"""
