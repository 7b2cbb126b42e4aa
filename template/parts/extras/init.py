"""How the weights are drawn before the first step."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Literal

from jsonargparse.typing import PositiveFloat
from torch import nn
from torch.nn.modules.conv import _ConvNd

from ..core.errors import UserError


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


def initialize(network: nn.Module, cfg: InitConfig) -> None:
    """Draw the weights anew, from the global generator; those that layers share, once.

    A branch whose last weights are zero adds nothing at first, which lets deep networks begin as
    shallow ones (Goyal et al., 2017, section 5.1; Zhang et al., ICLR 2019). Raises UserError for a
    pattern that no name holds.
    """
    normal = partial(nn.init.normal_, std=cfg.std)
    draw = normal if cfg.scheme == "normal" else getattr(nn.init, f"{cfg.scheme}_")
    zeros = []
    for name, parameter in network.named_parameters():
        owner, _, kind = name.rpartition(".")
        module = network.get_submodule(owner)
        if isinstance(module, nn.Linear | _ConvNd) and kind == "weight":
            draw(parameter)
        elif isinstance(module, nn.Linear | _ConvNd) and kind == "bias":
            nn.init.zeros_(parameter)
        elif isinstance(module, nn.Embedding):
            normal(parameter)
            if module.padding_idx is not None:  # a row that stays as it is
                nn.init.zeros_(parameter.data[module.padding_idx])
        if cfg.zero and re.search(cfg.zero, name):
            zeros.append(nn.init.zeros_(parameter))
    if cfg.zero and not zeros:
        raise UserError(f"init.zero: no weight's name holds {cfg.zero!r}; null sets none to zero")
