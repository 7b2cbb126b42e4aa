"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

import warnings
from typing import Any

import torch.nn.functional as F
from torch import Tensor, channels_last, nn

from .settings.model import ModelConfig
from .sources.images import Spec
from .task.confusion import count_pairs, macro_f1, tell_classes


class Block(nn.Module):
    """Two convolutions with a shortcut around them (He et al., ECCV 2016, pre-activation)."""

    def __init__(self, inside: int, outside: int, stride: int):
        super().__init__()
        self.norm1 = nn.GroupNorm(1, inside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.norm2 = nn.GroupNorm(1, outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        # It pools and then convolves with stride 1 (He et al., CVPR 2019): all pixels count, and a
        # strided 1 x 1 convolution of few channels breaks on processors with AVX2 (oneDNN 6035).
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        self.shortcut = nn.Conv2d(inside, outside, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(x))
        return self.shortcut(self.pool(h)) + self.conv2(F.relu(self.norm2(self.conv1(h))))


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network: images [b, channels, h, w] in, logits [b, classes] out."""
    # The layout of a 1 x 1 kernel has two names, of which several processes take either.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    widths = [cfg.width * 2**stage for stage in range(cfg.stages)]
    layers: list[nn.Module] = [nn.Conv2d(spec.channels, cfg.width, 3, padding=1, bias=False)]
    inside = cfg.width
    for stage, outside in enumerate(widths):
        for block in range(cfg.blocks):
            layers.append(Block(inside, outside, stride=2 if stage and not block else 1))
            inside = outside
    head = [nn.GroupNorm(1, inside), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    head += [nn.Dropout(cfg.dropout), nn.Linear(inside, len(spec.classes))]
    return nn.Sequential(*layers, *head)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the logits [b, classes] of a batch."""
    return model(batch["image"].to(memory_format=channels_last))  # where convolutions are fast


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
    """Return what the logits [1, classes] of one image say, in words."""
    found = [round(probability, 4) for probability in outputs.softmax(1)[0].tolist()]
    told = {"label": spec.classes[outputs[0].argmax()], "probability": max(found)}
    return told | {"probabilities": dict(zip(spec.classes, found, strict=True))}
