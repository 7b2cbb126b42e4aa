"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from .settings.model import ModelConfig
from .sources.target import Spec
from .task.confusion import count_pairs, macro_f1, tell_classes
from .task.network import WideAndDeep


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network: numbers [b, n] and names [b, m] in, logits [b, classes] out."""
    names = [len(known) for known in spec.names.values()]
    sizes = cfg.width, cfg.blocks, cfg.dropout
    return WideAndDeep(len(spec.numbers), names, len(spec.classes), *sizes)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the logits [b, classes] of a batch."""
    return model(batch["numbers"], batch["names"])


def score(outputs: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    An optional `weight` says how much each example counts in every average.
    """
    return {
        "loss": F.cross_entropy(outputs, batch["label"], reduction="none"),
        "accuracy": (outputs.argmax(1) == batch["label"]).float(),
    }


#% if 'loss' in extras or 'distillation' in extras %#
def compare(outputs: Tensor, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return what a loss of torch compares: the logits [b, classes] and the labels [b]."""
    return outputs, batch["label"]


#% endif %#
def tally(outputs: Tensor, batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    return {"confusion": count_pairs(batch["label"], outputs.argmax(1), outputs.shape[1], real)}


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    return scores | {"f1": macro_f1(totals["confusion"])}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    return tell_classes(totals["confusion"], spec.classes)


def describe(outputs: Tensor, batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the logits [1, classes] of one row say, in words."""
    found = [round(probability, 4) for probability in outputs.softmax(1)[0].tolist()]
    told = {spec.target: spec.classes[outputs[0].argmax()], "probability": max(found)}
    return told | {"probabilities": dict(zip(spec.classes, found, strict=True))}
