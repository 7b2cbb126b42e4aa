"""Settings of `model`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class ModelConfig:
    """A model of the transformers library: one by its name, or a small one that knows nothing."""

    name: str | None = None
    """model on the hub or in a local folder, with data.tokenizer; null makes a new ModernBERT"""
    width: PositiveInt = 64
    """features of a token in a new model"""
    layers: PositiveInt = 2
    """attention layers of a new model"""
    heads: PositiveInt = 4
    """attention heads of a layer of a new model"""
    dropout: ClosedUnitInterval = 0.1
    """share of the features dropped at each place where the architecture drops any"""

    def __post_init__(self):
        if self.width % (2 * self.heads):
            allowed = f"allowed: multiples of {2 * self.heads}, twice model.heads"
            raise ValueError(f"model.width is {self.width}; {allowed}")
