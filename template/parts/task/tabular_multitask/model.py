"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .core.errors import check_choice
from .settings.model import ModelConfig
from .sources.target import Spec
from .task.network import WideAndDeep

Outputs = tuple[dict[str, Tensor], dict[str, Tensor]]
"""by target: logits [b, classes] or scaled numbers [b, 1]; losses [b], none without the targets"""


class MultiHead(nn.Module):
    """A network whose outputs are shared out among the targets, with their losses."""

    def __init__(self, cfg: ModelConfig, spec: Spec):
        super().__init__()
        self.heads = {name: len(classes) for name, classes in spec.classes.items()}
        self.heads |= dict.fromkeys(spec.scales, 1)
        for name in cfg.weights:
            check_choice("model.weights", name, self.heads)
        self.weights = {name: cfg.weights.get(name, 1.0) for name in self.heads}
        names = [len(known) for known in spec.names.values()]
        sizes = cfg.width, cfg.blocks, cfg.dropout
        self.network = WideAndDeep(len(spec.numbers), names, sum(self.heads.values()), *sizes)

    def forward(
        self, numbers: Tensor, names: Tensor, labels: Tensor | None, targets: Tensor | None
    ) -> Outputs:
        """Return what is predicted and, if the targets are known, what each head loses by it.

        `loss` among the losses is their weighted sum, which is trained on.
        """
        parts = self.network(numbers, names).split(list(self.heads.values()), 1)
        values = dict(zip(self.heads, parts, strict=True))
        if labels is None:
            return values, {}
        columns = [*labels.unbind(1), *targets.unbind(1)]
        losses = {
            name: F.mse_loss(value[:, 0], column.nan_to_num(), reduction="none")
            if column.is_floating_point()
            else F.cross_entropy(value, column.clamp(min=0), reduction="none")
            for (name, value), column in zip(values.items(), columns, strict=True)
        }
        there = dict(zip(self.heads, find_present(labels, targets).unbind(1), strict=True))
        losses = {name: loss * there[name] for name, loss in losses.items()}
        return values, {"loss": sum(self.weights[n] * loss for n, loss in losses.items())} | {
            f"{name}/loss": loss for name, loss in losses.items()
        }


def find_present(labels: Tensor, targets: Tensor) -> Tensor:
    """Return 1 for each target [b, heads] that is there, 0 for what is missing."""
    return torch.cat([labels >= 0, ~targets.isnan()], 1).float()


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network for a table's columns; raise UserError for a weight of no target."""
    return MultiHead(cfg, spec)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Outputs:
    """Return what is predicted of a batch and, if it has the targets, what is lost by it."""
    return model(batch["numbers"], batch["names"], batch.get("labels"), batch.get("targets"))


def score(outputs: Outputs, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    A missing target loses nothing, so that the losses are sums over what is there, divided by all
    examples. What only those with a target tell, as accuracy, is a matter of `tally`.
    """
    return outputs[1]


def tally(outputs: Outputs, batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    values, labels, targets = outputs[0], batch["labels"], batch["targets"]
    there = find_present(labels, targets) * real[:, None]
    totals, names = {"count": real.sum()}, list(values)
    for place, label in enumerate(labels.unbind(1)):
        right = (values[names[place]].argmax(1) == label).float()
        columns = torch.stack([torch.ones_like(right), right])
        totals[f"{names[place]}/accuracy"] = (columns * there[:, place]).sum(1)
    for place, target in enumerate(targets.nan_to_num().unbind(1), start=labels.shape[1]):
        error = values[names[place]][:, 0] - target
        scale = batch["scales"][:, place - labels.shape[1]]
        columns = [torch.ones_like(error), error.abs() * scale]
        columns = torch.stack([*columns, target, target.square(), error.square()])
        totals[f"{names[place]}/mae"] = (columns * there[:, place]).sum(1)
    return totals


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    for name in sorted(totals.keys() - {"count"}):
        count, mean, *moments = totals[name].tolist()
        count = max(count, 1)
        scores[name] = mean / count
        if moments:
            target, square, error = (moment / count for moment in moments)
            r2 = 1 - error / max(square - target**2, 1e-12)
            scores[f"{name.removesuffix('mae')}r2"] = r2
    return scores


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    return {"examples": int(totals["count"])}


def describe(outputs: Outputs, batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the outputs for one row say, in words and in the targets' units."""
    values, _ = outputs
    told = {name: classes[values[name][0].argmax()] for name, classes in spec.classes.items()}
    for name, (mean, deviation) in spec.scales.items():
        told[name] = float(f"{values[name].item() * deviation + mean:.7g}")
    return told
