"""What is predicted: the number that stands in the column."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .encode import convert, fit_scale, is_numeric, to_number
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
    scale: list[float]
    """mean and standard deviation of that column"""

    def list_targets(self) -> list[str]:
        """Return the columns to predict."""
        return [self.target]


def list_targets(target: Target) -> list[str]:
    """Return the columns that a setting names."""
    return [target]


def fit_target(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the column, its mean and standard deviation; raise UserError if it has no numbers."""
    ((name, values),) = columns.items()
    if not is_numeric(values):
        raise UserError(f"data.target: {name} is not a column of numbers")
    return {"target": name, "scale": fit_scale(values)}


def encode_target(table: Table, spec: Spec, errors: list[str]) -> dict[str, Tensor]:
    """Return `target` [rows], scaled, and `scale` [rows], the number that brings it back."""
    mean, deviation = spec.scale
    numbers = convert(table, spec.target, to_number, "is not a number", errors)
    target = (torch.tensor(numbers, dtype=torch.float64) - mean) / deviation
    return {"target": target.float(), "scale": torch.full((len(table),), deviation)}


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
    columns = dict(zip(patients.feature_names, patients.data.T.tolist(), strict=True))
    columns["progression"] = patients.target.tolist()
    return Table(columns, [f"patient {number}" for number in range(len(patients.target))])
