"""Which classes are taken for which, and the precision, recall and F1 that follow from it."""

from typing import Any

import torch
from torch import Tensor


def count_pairs(label: Tensor, predicted: Tensor, classes: int, real: Tensor) -> Tensor:
    """Return how many of the real rows are of class i and taken for class j, [classes, classes]."""
    counts = torch.zeros(classes**2, dtype=torch.long, device=label.device)
    return counts.index_add(0, label * classes + predicted, real.long()).view(classes, classes)


def per_class(confusion: Tensor) -> dict[str, Tensor]:
    """Return precision, recall and F1 of each class, [classes].

    0 where nothing is right of what was predicted, or there; NaN for a class that has neither an
    example nor a prediction, and so counts in no mean, as in scikit-learn.
    """
    right, predicted, actual = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    absent = predicted + actual == 0
    scores = {
        "precision": right / predicted.clamp(min=1),
        "recall": right / actual.clamp(min=1),
        "f1": 2 * right / (predicted + actual).clamp(min=1),
    }
    return {name: values.masked_fill(absent, torch.nan) for name, values in scores.items()}


def macro_f1(confusion: Tensor) -> float:
    """Return the mean of the F1 of all classes that have an example or a prediction."""
    return per_class(confusion)["f1"].nanmean().item()


def tell_classes(confusion: Tensor, classes: list[str]) -> dict[str, Any]:
    """Return each class's scores, and the matrix: a row per class, a column per prediction.

    The scores of a class that has neither an example nor a prediction are None.
    """
    scores = per_class(confusion)
    told = {
        name: {s: None if v[i].isnan() else v[i].item() for s, v in scores.items()}
        | {"examples": int(confusion[i].sum())}
        for i, name in enumerate(classes)
    }
    return {"classes": told, "confusion": confusion.tolist()}
