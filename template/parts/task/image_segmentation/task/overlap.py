"""How far the predicted areas of the classes cover the true ones."""

from typing import Any

import torch
from torch import Tensor

from ..sources.masks import UNLABELLED


def count_pixels(label: Tensor, predicted: Tensor, classes: int, real: Tensor) -> Tensor:
    """Return how many labelled pixels are of class i and taken for class j, [classes, classes].

    `label` and `predicted` are [b, h, w]; rows where `real` [b] is False don't count.
    """
    counted = (label != UNLABELLED) & real[:, None, None]
    pairs = (label * classes + predicted)[counted]
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def class_iou(confusion: Tensor) -> Tensor:
    """Return each class's intersection over union [classes]; NaN where there is none of it."""
    both = confusion.diagonal()
    return both / (confusion.sum(0) + confusion.sum(1) - both)


def tell_classes(confusion: Tensor, classes: list[str]) -> dict[str, Any]:
    """Return each class's scores, and the matrix: a row per class, a column per prediction.

    The scores of a class that no pixel has, nor is taken for, are None.
    """
    right, predicted, actual = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    iou = class_iou(confusion)
    precision, recall = right / predicted.clamp(min=1), right / actual.clamp(min=1)
    scores = {"iou": iou, "precision": precision, "recall": recall}
    told = {
        name: {s: None if iou[i].isnan() else v[i].item() for s, v in scores.items()}
        | {"pixels": int(actual[i])}
        for i, name in enumerate(classes)
    }
    return {"classes": told, "confusion": confusion.tolist()}
