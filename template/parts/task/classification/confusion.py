"""Which classes are taken for which, and the precision, recall and F1 that follow from it."""

from typing import Any

import torch
from torch import Tensor


def count_pairs(label: Tensor, predicted: Tensor, classes: int, real: Tensor) -> Tensor:
    """Return how many of the real rows are of class i and taken for class j, [classes, classes]."""
    counts = torch.zeros(classes**2, dtype=torch.long, device=label.device)
    return counts.index_add(0, label * classes + predicted, real.long()).view(classes, classes)


def per_class(confusion: Tensor) -> dict[str, Tensor]:
    """Return precision, recall and F1 of each class, [classes]; 0 where there is none of it."""
    right, predicted, actual = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    return {
        "precision": right / predicted.clamp(min=1),
        "recall": right / actual.clamp(min=1),
        "f1": 2 * right / (predicted + actual).clamp(min=1),
    }


def tell_classes(confusion: Tensor, classes: list[str]) -> dict[str, Any]:
    """Return each class's scores, and the matrix: a row per class, a column per prediction."""
    scores = {name: values.tolist() for name, values in per_class(confusion).items()}
    scores["examples"] = confusion.sum(1).tolist()
    told = {name: {s: values[i] for s, values in scores.items()} for i, name in enumerate(classes)}
    return {"classes": told, "confusion": confusion.tolist()}
