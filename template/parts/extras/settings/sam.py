"""Settings of `sam`."""

from dataclasses import dataclass

from pydantic import PositiveFloat


@dataclass(kw_only=True)
class SAMConfig:
    """How far around the weights the loss has to be low."""

    rho: PositiveFloat = 0.05
    """length of the way, over all weights together, up the gradient of the first pass"""
