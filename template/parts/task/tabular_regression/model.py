"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .settings.model import ModelConfig
from .sources.target import Spec
from .task.network import WideAndDeep

LOSSES = {"mse": F.mse_loss, "l1": F.l1_loss, "huber": F.huber_loss}


class Regressor(nn.Module):
    """A network with the loss it is trained on, which is part of the settings."""

    def __init__(self, network: nn.Module, loss: str):
        super().__init__()
        self.network, self.loss = network, partial(LOSSES[loss], reduction="none")

    def forward(
        self, numbers: Tensor, names: Tensor, target: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the scaled predictions [b] and, if the targets are known, their losses [b]."""
        value = self.network(numbers, names).squeeze(1)
        return value, None if target is None else self.loss(value, target)


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network for a table's columns."""
    names = [len(known) for known in spec.names.values()]
    sizes = cfg.width, cfg.blocks, cfg.dropout
    return Regressor(WideAndDeep(len(spec.numbers), names, 1, *sizes), cfg.loss)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor | None]:
    """Return the scaled predictions [b] of a batch, and their losses [b] if it has the targets."""
    return model(batch["numbers"], batch["names"], batch.get("target"))


def score(outputs: tuple[Tensor, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    An optional `weight` says how much each example counts in every average.
    """
    value, loss = outputs
    return {"loss": loss, "mae": (value - batch["target"]).abs() * batch["scale"]}


#% if 'loss' in extras %#
def compare(outputs: tuple[Tensor, Tensor], batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return what a loss of torch compares: the scaled predictions [b] and targets [b]."""
    return outputs[0], batch["target"]


#% endif %#
def tally(
    outputs: tuple[Tensor, Tensor], batch: dict[str, Tensor], real: Tensor
) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    target, error = batch["target"], outputs[0] - batch["target"]
    columns = torch.ones_like(target), target, target.square(), error.square(), batch["scale"]
    names = "count", "target", "square", "error", "scale"
    return {n: (column * real).sum() for n, column in zip(names, columns, strict=True)}


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    means = {name: (total / totals["count"]).item() for name, total in totals.items()}
    variance = means["square"] - means["target"] ** 2
    rmse = means["error"] ** 0.5 * means["scale"]
    return scores | {"rmse": rmse, "r2": 1 - means["error"] / max(variance, 1e-12)}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    return {"examples": int(totals["count"])}


def describe(outputs: tuple[Tensor, None], batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the prediction [1] for one row is, in the target's unit."""
    mean, deviation = spec.scale
    return {spec.target: float(f"{outputs[0].item() * deviation + mean:.7g}")}
