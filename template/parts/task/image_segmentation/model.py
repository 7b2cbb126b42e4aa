"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .settings.model import ModelConfig
from .sources.images import Spec
from .sources.masks import UNLABELLED
from .task.overlap import class_iou, count_pixels, tell_classes

FOUND = 0.05
"""share of an image from which on a class is among those that `describe` names first"""


class Conv(nn.Conv2d):
    """A convolution with standardised weights (Qiao et al., arXiv 1903.10520).

    Beside group normalisation they take the part of batch normalisation, of which a process or a
    micro-batch more would make another one.
    """

    def forward(self, x: Tensor) -> Tensor:
        weight = F.layer_norm(self.weight, self.weight.shape[1:]) / self.weight[0].numel() ** 0.5
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


class Block(nn.Module):
    """Two convolutions with a shortcut around them (He et al., ECCV 2016, pre-activation)."""

    def __init__(self, inside: int, outside: int, stride: int = 1):
        super().__init__()
        self.norm1 = nn.GroupNorm(1, inside)
        self.conv1 = Conv(inside, outside, 3, stride, 1, bias=False)
        self.norm2 = nn.GroupNorm(1, outside)
        self.conv2 = Conv(outside, outside, 3, 1, 1, bias=False)
        # It pools and then convolves with stride 1 (He et al., CVPR 2019): all pixels count, and a
        # strided 1 x 1 convolution of few channels breaks on processors with AVX2 (oneDNN 6035).
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        self.shortcut = nn.Conv2d(inside, outside, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(x))
        return self.shortcut(self.pool(h)) + self.conv2(F.relu(self.norm2(self.conv1(h))))


class UNet(nn.Module):
    """Down to small maps of what is there, and up again beside the maps of where it is.

    The U-Net (Ronneberger et al., MICCAI 2015) with residual blocks (Zhang et al., IEEE GRSL 2018).
    The smaller maps are brought to the size of those beside them, so any size of image will do.
    """

    def __init__(self, cfg: ModelConfig, spec: Spec):
        super().__init__()
        steps = list(pairwise(cfg.width * 2**stage for stage in range(cfg.stages)))
        self.stem = nn.Conv2d(spec.channels, cfg.width, 3, padding=1, bias=False)
        self.down = nn.ModuleList(Block(wide, deep, stride=2) for wide, deep in steps)
        self.dropout = nn.Dropout2d(cfg.dropout)
        self.up = nn.ModuleList(Block(deep + wide, wide) for wide, deep in reversed(steps))
        self.head = nn.Sequential(
            nn.GroupNorm(1, cfg.width), nn.ReLU(), nn.Conv2d(cfg.width, len(spec.classes), 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        # Convolutions on a CPU are half as fast again if the channels of a pixel lie together.
        maps = [self.stem(x).contiguous(memory_format=torch.channels_last)]
        for block in self.down:
            maps.append(block(maps[-1]))
        h = self.dropout(maps.pop())
        for block, beside in zip(self.up, reversed(maps), strict=True):
            h = block(torch.cat([F.interpolate(h, beside.shape[2:]), beside], 1))
        return self.head(h)


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network: images [b, channels, h, w] in, logits [b, classes, h, w] out."""
    return UNet(cfg, spec)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the logits [b, classes, h, w] of a batch."""
    return model(batch["image"])


def score(outputs: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per image [b] under each name: `loss` is trained on, all are reported.

    Each is a mean over the image's labelled pixels. `weight`, their share of the image, makes every
    average one over pixels, for all images are of one size.
    """
    label = batch["label"]
    labelled = label != UNLABELLED
    loss = F.cross_entropy(outputs, label, ignore_index=UNLABELLED, reduction="none")
    right = (outputs.argmax(1) == label).float()
    count = labelled.sum((1, 2)).clamp(min=1)
    return {
        "loss": loss.sum((1, 2)) / count,
        "accuracy": right.sum((1, 2)) / count,
        "weight": labelled.float().mean((1, 2)),
    }


def tally(outputs: Tensor, batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    return {"pixels": count_pixels(batch["label"], outputs.argmax(1), outputs.shape[1], real)}


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    return scores | {"mean_iou": class_iou(totals["pixels"]).nanmean().item()}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    return tell_classes(totals["pixels"], spec.classes)


def describe(outputs: Tensor, batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the logits [1, classes, h, w] of one image say: each class's share of it."""
    areas = outputs.argmax(1).flatten().bincount(minlength=len(spec.classes))
    shares = (areas / areas.sum()).tolist()
    order = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)
    return {
        "classes": [spec.classes[i] for i in order if shares[i] >= FOUND],
        "shares": {spec.classes[i]: round(shares[i], 4) for i in order if shares[i]},
    }
