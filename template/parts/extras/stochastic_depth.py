"""Stochastic depth: in training, each example goes around some of the residual branches."""

import re
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..core.errors import UserError
from ..settings.stochastic_depth import StochasticDepthConfig


def drop_paths(network: nn.Module, cfg: StochasticDepthConfig) -> None:
    """Let branches be dropped, number l of L at `rate` * l / L (Huang et al., ECCV 2016).

    For single examples, and scaled where they stay (DropPath, Larsson et al., ICLR 2017), so that
    nothing is left to do in an evaluation. Raises UserError if none of a rate above 0 is found.
    """
    ends = [module for name, module in network.named_modules() if re.search(cfg.branches, name)]
    if cfg.rate and not ends:
        known = ", ".join([name for name, _ in network.named_modules() if name][-3:])
        raise UserError(
            f"stochastic_depth.branches: no module's name holds {cfg.branches!r}; the last: {known}"
        )
    for number, module in enumerate(ends, start=1):
        module.register_forward_hook(partial(drop, rate=cfg.rate * number / len(ends)))


def drop(module: nn.Module, inputs: tuple[Any, ...], outputs: Any, rate: float) -> Any:
    """Return the outputs of a module without those of some examples, in training.

    They are a tensor [b, ...], or a tuple of which the first is the branch, as attention gives with
    its weights. Raises UserError for any others.
    """
    if not module.training:
        return outputs
    if isinstance(outputs, tuple):
        return (drop(module, inputs, outputs[0], rate), *outputs[1:])
    if not isinstance(outputs, Tensor):
        raise UserError(
            f"stochastic_depth.branches: {type(module).__name__} gives a {type(outputs).__name__}, "
            "not a tensor, nor a tuple that begins with one; name a module inside it"
        )
    return outputs * F.dropout(outputs.new_ones(len(outputs), *[1] * (outputs.ndim - 1)), rate)
