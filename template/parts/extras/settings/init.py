"""Settings of `init`."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import PositiveFloat


@dataclass(kw_only=True)
class InitConfig:
    """How linear layers and convolutions are drawn; their biases are zero, norms stay.

    Xavier is by Glorot and Bengio (AISTATS 2010), kaiming by He et al. (ICCV 2015), orthogonal by
    Saxe et al. (ICLR 2014).
    """

    scheme: Literal[
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "orthogonal",
        "normal",
    ] = "kaiming_normal"
    """distribution of their weights; kaiming is for ReLU, xavier for tanh and attention"""
    std: PositiveFloat = 0.02
    """standard deviation of the scheme normal, and of embeddings in every scheme"""
    zero: str | None = None
    """pattern in the names of weights that are zero, as those that end a branch; null for none"""

    def __post_init__(self):
        try:
            re.compile(self.zero or "")
        except re.error as error:
            raise ValueError(f"init.zero: no pattern: {error}") from None
