"""What is predicted: one of the classes that stand in the column."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from torch import Tensor

from ..core.errors import UserError
from .columns import Faults
from .encode import find_places
from .readers import Table


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
    dates: dict[str, str] = field(default_factory=dict)
    """columns of numbers that are dates, and how these are written"""
    decimal: str = "."
    """sign before the decimals of a number"""
    notes: list[str] = field(default_factory=list)
    """what a person should know of the columns"""

    def list_targets(self) -> list[str]:
        """Return the columns to predict."""
        return [self.target]

    def list_classes(self) -> list[str]:
        """Return those among them that hold classes."""
        return [self.target]


def list_targets(target: str) -> list[str]:
    """Return the columns that a setting names."""
    return [target]


def takes_numbers(name: str, numeric: bool) -> bool:
    """Return whether a column to predict is read as numbers."""
    return False


def fit_target(parts: list[pl.DataFrame], targets: list[str]) -> dict[str, Any]:
    """Return the column and its classes in all parts; raise UserError if there is only one."""
    (name,) = targets
    classes = pl.concat([frame[name] for frame in parts]).unique().sort().to_list()
    if len(classes) < 2:
        raise UserError(f"data.target: {name} holds {len(classes)} classes; at least 2 are needed")
    return {"target": name, "classes": classes}


def encode_target(table: Table, spec: Spec) -> dict[str, Tensor]:
    """Return `label` [rows], the number of each row's class; raise UserError for an unknown one."""
    labels, faults = find_places(table.frame[spec.target], spec.classes), Faults(table)
    words = f"is none of the classes to train on: {', '.join(spec.classes)}"[:200]
    faults.add(pl.Series((labels < 0).numpy()), spec.target, words)
    faults.refuse()
    return {"label": labels}


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
    columns = dict(zip(map(str, tumours.feature_names), tumours.data.T, strict=True))
    columns["diagnosis"] = [str(tumours.target_names[label]) for label in tumours.target]
    numbers = pl.Series(range(len(tumours.target))).cast(pl.String)
    return Table(pl.DataFrame(columns), "tumour " + numbers)
