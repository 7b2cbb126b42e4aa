"""The loss that is trained on, by name: one of torch.nn, or your own."""

#% if task != 'tabular_regression' %#
import copy
#% endif %#
import importlib
import inspect
from collections.abc import Callable
#% if task != 'tabular_regression' %#
from dataclasses import replace
#% endif %#
from functools import partial
from types import ModuleType
from typing import Any

import torch
#% if task != 'tabular_regression' %#
from accelerate import Accelerator
#% endif %#
from torch import Tensor, nn

from ..core.errors import UserError, check_arguments, check_choice, one_line
#% if task != 'tabular_regression' %#
from ..core.loader import Loader
#% endif %#
#% if task == 'tabular_regression' %#
from ..settings.loss import LossConfig
#% else %#
from ..settings.loss import BALANCED, BY_CLASS, BY_LABEL, LossConfig
#% endif %#

#% if task == 'tabular_regression' %#
LOSSES = {"HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"}
"""take the scaled predictions [b] and the scaled targets [b]"""
#% else %#
LOSSES = BY_LABEL | BY_CLASS
#% endif %#


#% if task != 'tabular_regression' %#
class FocalLoss(nn.Module):
    """The cross-entropy, less of it the surer the model is (Lin et al., ICCV 2017).

    `(1 - p)**gamma * -log(p)`, where p is the probability of the label, times the weight [classes]
    of its class. Raises ValueError for a negative gamma.
    """

    def __init__(self, gamma: float = 2.0, weight: Tensor | None = None):
        super().__init__()
        if gamma < 0:
            raise ValueError(f"gamma is {gamma}; allowed: 0 and more")
        self.gamma, self.weight = gamma, weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss [b] of logits [b, classes]."""
        log_p = logits.log_softmax(1)
        loss = nn.functional.nll_loss(log_p, labels, self.weight, reduction="none")
        doubt = -log_p.gather(1, labels[:, None]).squeeze(1).expm1()
        # A power below 1 has no slope at 0, to which float32 rounds the doubt of a sure answer.
        doubt = doubt.clamp(min=torch.finfo(doubt.dtype).tiny)
        return doubt**self.gamma * loss


#% endif %#
def build_loss(
    cfg: LossConfig, model: ModuleType, device: torch.device
) -> Callable[[Tensor, Any, Any], Tensor]:
    """Return what makes of `score`'s loss, outputs and their batch the loss of each example [b].

    The module `model` compares the last two for it. The step divides their sum by the number of
    examples, also where classes have weights, so that it is the same however it is spread; torch's
    own mean divides by the sum of the weights.
    """
    if not cfg.name:
        return lambda scored, outputs, batch: scored
    loss = make_loss(cfg, device)
    return lambda scored, outputs, batch: per_example(loss, *model.compare(outputs, batch))


def check_loss(cfg: LossConfig, spec: Any) -> None:
    """Raise UserError for a loss that is unknown, or doesn't fit its arguments or the data."""
    if not cfg.name:
        return
    #% if task == 'tabular_regression' %#
    predicted, wanted = torch.zeros(2), torch.zeros(2)
    #% else %#
    if cfg.args.get("weight") == BALANCED:  # until the classes are counted
        cfg = replace(cfg, args=cfg.args | {"weight": [1.0] * len(spec.classes)})
    predicted, wanted = torch.zeros(2, len(spec.classes)), torch.zeros(2, dtype=torch.long)
    #% endif %#
    try:
        shape = per_example(make_loss(cfg, predicted.device), predicted, wanted).shape
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"loss.args: {cfg.name} refuses them: {one_line(error)}") from None
    if shape != (2,):
        raise UserError(f"loss.name: {cfg.name} gives {[*shape]} for 2 examples, not a value each")


#% if task != 'tabular_regression' %#
def balance(
    cfg: Any, loader: Loader, model: ModuleType, spec: Any, accelerator: Accelerator
) -> Any:
    """Return settings with the weights of the classes where `cfg`, a Config, has BALANCED.

    A weight is all examples / (classes * examples of the class), as in scikit-learn: the mean over
    the examples is 1. The labels of all training data are read for it.
    """
    if cfg.loss.args.get("weight") != BALANCED:
        return cfg
    counts = torch.zeros(len(spec.classes), dtype=torch.long, device=accelerator.device)
    for group in loader.groups():
        for batch, real in group.batches:
            _, labels = model.compare(None, batch)
            counts += labels[:real].bincount(minlength=len(counts))
    counts = accelerator.reduce(counts)
    weights = counts.sum() / (len(counts) * counts.clamp(min=1))
    found = copy.copy(cfg)
    found.loss = replace(cfg.loss, args=cfg.loss.args | {"weight": weights.tolist()})
    return found


#% endif %#
def make_loss(cfg: LossConfig, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss with its arguments; it gives a value per example, or per element."""
    kind = find_loss(cfg.name)
    allowed, function = inspect.signature(kind).parameters, not inspect.isclass(kind)
    compared = {*[*allowed][:2]} if function else set()
    check_arguments("loss.args", cfg.args, kind, compared | {"reduction", "reduce", "size_average"})
    lists = {name: value for name, value in cfg.args.items() if isinstance(value, list)}
    tensors = {n: torch.tensor(x, dtype=torch.float32, device=device) for n, x in lists.items()}
    arguments = cfg.args | tensors | ({"reduction": "none"} if "reduction" in allowed else {})
    loss = partial(kind, **arguments) if function else kind(**arguments).to(device)
    #% if task != 'tabular_regression' %#
    if cfg.name in BY_CLASS:
        one_hot = nn.functional.one_hot
        return lambda logits, labels: loss(logits, one_hot(labels, logits.shape[1]).to(logits))
    #% endif %#
    return loss


def per_example(
    loss: Callable[[Tensor, Tensor], Tensor], predicted: Tensor, wanted: Tensor
) -> Tensor:
    """Return the loss of each example [b], the mean over its elements where it has several."""
    value = loss(predicted, wanted)
    return value.flatten(1).mean(1) if value.ndim > 1 else value


def find_loss(name: str) -> Callable:
    """Return a loss's class, or a function or class of a module by its full name."""
    if "." not in name:
        check_choice("loss.name", name, sorted(LOSSES))
        #% if task != 'tabular_regression' %#
        return FocalLoss if name == "FocalLoss" else getattr(nn, name)
        #% else %#
        return getattr(nn, name)
        #% endif %#
    module, _, name = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (AttributeError, ImportError) as error:
        raise UserError(f"loss.name: {one_line(error)}") from None
