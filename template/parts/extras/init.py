"""How the weights are drawn before the first step."""

import re
from functools import partial

from torch import nn
from torch.nn.modules.conv import _ConvNd

from ..core.errors import UserError
from ..settings.init import InitConfig


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
