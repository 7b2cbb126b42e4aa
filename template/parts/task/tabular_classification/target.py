"""What is predicted: one of the classes that stand in the column."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .encode import convert, fit_names
from .errors import UserError
from .tables import Table

Target = str
"""how the column to predict is named"""


@dataclass
class Spec:
    """What the model must know of the table."""

    numbers: dict[str, list[float]]
    """mean and standard deviation of each column of numbers"""
    names: dict[str, list[str]]
    """what stands in each column of names"""
    target: str
    """column to predict"""
    classes: list[str]

    def list_targets(self) -> list[str]:
        """Return the columns to predict."""
        return [self.target]


def list_targets(target: Target) -> list[str]:
    """Return the columns that a setting names."""
    return [target]


def fit_target(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the column and its classes; raise UserError if there are fewer than two."""
    ((name, values),) = columns.items()
    classes = fit_names(values)
    if len(classes) < 2:
        raise UserError(f"data.target: {name} holds {len(classes)} classes; at least 2 are needed")
    return {"target": name, "classes": classes}


def encode_target(table: Table, spec: Spec, errors: list[str]) -> dict[str, Tensor]:
    """Return `label` [rows], the number of each row's class."""
    number = {name: place for place, name in enumerate(spec.classes)}
    words = f"is none of the classes to train on: {', '.join(spec.classes)}"[:200]
    labels = convert(table, spec.target, lambda value: number[str(value).strip()], words, errors)
    return {"label": torch.tensor(labels)}


def tell_targets(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the class of a sample."""
    return [spec.classes[sample["label"]]]


def kinds(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return as what a sample is counted."""
    return tell_targets(sample, spec)


def read_example() -> Table:
    """Return the 569 tumours of scikit-learn (UCI Breast Cancer Wisconsin, Diagnostic)."""
    from sklearn.datasets import load_breast_cancer  # here, because it takes a second to import

    tumours = load_breast_cancer()
    names = [str(name) for name in tumours.feature_names]
    columns = dict(zip(names, tumours.data.T.tolist(), strict=True))
    columns["diagnosis"] = [str(tumours.target_names[label]) for label in tumours.target]
    return Table(columns, [f"tumour {number}" for number in range(len(tumours.target))])
