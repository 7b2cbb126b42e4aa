"""Settings of `lookahead`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import OpenUnitInterval


@dataclass(kw_only=True)
class LookaheadConfig:
    """How often the slow weights follow, and how far."""

    steps: PositiveInt = 5
    """optimizer steps from one move of the slow weights to the next"""
    alpha: OpenUnitInterval = 0.8
    """share of the way to the optimizer's weights that they move"""
