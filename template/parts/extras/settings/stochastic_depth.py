"""Settings of `stochastic_depth`."""

import re
from dataclasses import dataclass

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class StochasticDepthConfig:
    """Which branches are dropped, and how often."""

    rate: ClosedUnitInterval = 0.1
    """share of the examples that the last branch is dropped for; those before it, in proportion"""
    branches: str = "conv2$"
    """pattern in the names of the modules that residual branches end with"""

    def __post_init__(self):
        try:
            re.compile(self.branches)
        except re.error as error:
            raise ValueError(f"stochastic_depth.branches: no pattern: {error}") from None
