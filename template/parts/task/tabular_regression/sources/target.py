"""What is predicted: the number that stands in the column."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import torch
from torch import Tensor

from ..core.errors import UserError
from .encode import fit_scale
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
    scale: list[float]
    """mean and standard deviation of that column"""
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
        return []


def list_targets(target: str) -> list[str]:
    """Return the columns that a setting names."""
    return [target]


def takes_numbers(name: str, numeric: bool) -> bool:
    """Return whether a column to predict is read as numbers; raise UserError if it has none."""
    if not numeric:
        raise UserError(f"data.target: {name} is not a column of numbers")
    return True


def fit_target(parts: list[pl.DataFrame], targets: list[str]) -> dict[str, Any]:
    """Return the column, and its mean and deviation in the first part.

    Raises UserError if it is constant there.
    """
    column = parts[0][targets[0]]
    if column.min() == column.max():
        raise UserError(f"data.target: {column.name} is {column[0]:g} in every row to train on")
    return {"target": column.name, "scale": fit_scale(column)}


def encode_target(table: Table, spec: Spec) -> dict[str, Tensor]:
    """Return `target` [rows], scaled, and `scale` [rows], the number that brings it back."""
    mean, deviation = spec.scale
    scaled = ((table.frame[spec.target] - mean) / deviation).cast(pl.Float32)
    target = torch.from_numpy(scaled.to_numpy(writable=True))
    return {"target": target, "scale": torch.full_like(target, deviation)}


def tell_targets(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the target of a sample in its own unit."""
    return [f"{sample['target'].item() * spec.scale[1] + spec.scale[0]:.4g}"]


def kinds(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return as what a sample is counted: nothing."""
    return []


def read_example() -> Table:
    """Return the 442 patients of scikit-learn with diabetes (Efron et al., 2004)."""
    from sklearn.datasets import load_diabetes  # here, because it takes a second to import

    patients = load_diabetes(scaled=False)
    columns = dict(zip(patients.feature_names, patients.data.T, strict=True))
    columns["progression"] = patients.target
    numbers = pl.Series(range(len(patients.target))).cast(pl.String)
    return Table(pl.DataFrame(columns), "patient " + numbers)
