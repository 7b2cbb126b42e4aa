"""Settings of `swa`."""

from dataclasses import dataclass

from pydantic import PositiveFloat

from .types import Duration, OpenUnitInterval


@dataclass(kw_only=True)
class SWAConfig:
    """Which weights are averaged, and the learning rate they are found with."""

    start: OpenUnitInterval = 0.75
    """share of the run after which the first weights are taken"""
    every: Duration = "1 epoch"
    """interval of the further ones, in steps or epochs"""
    lr: PositiveFloat | None = None
    """learning rate from then on, the highest of all parameter groups; null keeps the schedule"""
    anneal: Duration = "0 steps"
    """linear way to that learning rate, in steps or epochs"""
