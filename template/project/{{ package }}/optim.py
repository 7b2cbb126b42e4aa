"""The optimizer: any of torch.optim by name, with its parameter groups."""

import inspect
import re
from dataclasses import dataclass, field
from typing import Any

import torch
from jsonargparse.typing import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import nn
from torch.optim import Optimizer

from .errors import UserError, check_arguments, check_choice

UNFIT = {"Optimizer", "LBFGS", "SparseAdam"}
"""not an optimizer; takes a closure; takes sparse gradients only"""


@dataclass(kw_only=True)
class OptimConfig:
    """How the weights are updated."""

    name: str = "AdamW"
    """any optimizer of torch.optim"""
    lr: PositiveFloat = 1e-3
    """learning rate; where a schedule varies it, its highest value"""
    weight_decay: NonNegativeFloat = 0.0
    """decay of the weights; norms and biases have none"""
    args: dict[str, Any] = field(default_factory=dict)
    """further arguments of the optimizer, such as {momentum: 0.9}"""
    lr_scale: dict[str, float] = field(default_factory=dict)
    """factors on the learning rate of parameters whose name holds a pattern, as {"^0\\.": 0.1}"""
    accumulate: PositiveInt = 1
    """micro-batches per optimizer step and process"""
    clip_norm: PositiveFloat | None = None
    """largest norm of all gradients together; larger ones are scaled down"""
    clip_value: PositiveFloat | None = None
    """largest absolute value of a gradient's element"""
    max_skips: NonNegativeInt = 0
    """steps in a row left out for a gradient that isn't finite, before such a step ends the run"""

    def __post_init__(self):
        if self.clip_norm and self.clip_value:
            raise ValueError("optim.clip_norm and optim.clip_value exclude each other")


def build_optimizer(model: nn.Module, cfg: OptimConfig) -> Optimizer:
    """Return the optimizer over the model's parameter groups.

    Raises UserError for an unknown optimizer, argument or pattern.
    """
    classes = {name for name, value in vars(torch.optim).items() if inspect.isclass(value)}
    check_choice("optim.name", cfg.name, sorted(classes - UNFIT))
    optimizer = getattr(torch.optim, cfg.name)
    fixed = {"params", "lr", "weight_decay"}
    check_arguments("optim.args", cfg.args, optimizer, fixed)
    allowed = inspect.signature(optimizer).parameters
    arguments = {"lr": cfg.lr, "weight_decay": cfg.weight_decay} | cfg.args
    if "fused" in allowed and not {"fused", "foreach"} & cfg.args.keys():
        arguments["fused"] = True  # one kernel for all parameters, on a CPU as well
    try:
        return optimizer(group_parameters(model, cfg), **arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"optim.args: {cfg.name} refuses them: {error}") from None


def group_parameters(model: nn.Module, cfg: OptimConfig) -> list[dict[str, Any]]:
    """Return groups that share a learning rate and a weight decay.

    Vectors and scalars (norms, biases) are not decayed, as in Goyal et al. (2017), section 5.3.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    for pattern in cfg.lr_scale:
        if not any(re.search(pattern, name) for name, _ in named):
            raise UserError(f"optim.lr_scale: no parameter's name holds {pattern!r}")
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in named:
        scales = [scale for pattern, scale in cfg.lr_scale.items() if re.search(pattern, name)]
        groups.setdefault((scales[0] if scales else 1.0, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": p, "lr": cfg.lr * scale, "weight_decay": cfg.weight_decay * decay}
        for (scale, decay), p in groups.items()
    ]
