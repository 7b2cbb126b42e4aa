"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A decoder-only transformer (GPT-2, Radford et al., 2019) over bytes."""

    width: PositiveInt = 64
    """features of each position"""
    layers: PositiveInt = 2
    """blocks of attention and feed-forward network"""
    heads: PositiveInt = 4
    """attention heads, which share the width"""
    dropout: ClosedUnitInterval = 0.1
    """share of the features dropped after the embedding and at the end of each branch"""

    def __post_init__(self):
        if self.width % (2 * self.heads):
            raise ValueError(
                f"model.width {self.width} is no multiple of twice the model.heads, {self.heads}"
            )
