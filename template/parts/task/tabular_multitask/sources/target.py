"""What is predicted: several columns at once, each a class or a number."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import torch
from torch import Tensor

from ..core.errors import UserError
from .columns import Faults
from .encode import find_places, fit_scale
from .readers import Table


@dataclass
class Spec:
    """What the model must know of the table."""

    numbers: dict[str, list[float]]
    """mean and standard deviation of each column of numbers"""
    names: dict[str, list[str]]
    """what stands in each column of names"""
    classes: dict[str, list[str]]
    """columns to predict that hold classes"""
    scales: dict[str, list[float]]
    """columns to predict that hold numbers, with their mean and standard deviation"""
    dates: dict[str, str] = field(default_factory=dict)
    """columns of numbers that are dates, and how these are written"""
    decimal: str = "."
    """sign before the decimals of a number"""
    notes: list[str] = field(default_factory=list)
    """what a person should know of the columns"""

    def list_targets(self) -> list[str]:
        """Return the columns to predict."""
        return [*self.classes, *self.scales]

    def list_classes(self) -> list[str]:
        """Return those among them that hold classes."""
        return list(self.classes)


def list_targets(target: str | list[str]) -> list[str]:
    """Return the columns that a setting names."""
    return [target] if isinstance(target, str) else target


def takes_numbers(name: str, numeric: bool) -> bool:
    """Return whether a column to predict is read as numbers."""
    return numeric


def fit_target(parts: list[pl.DataFrame], targets: list[str]) -> dict[str, Any]:
    """Return the classes in all parts, and the mean and deviation in the first one.

    Raises UserError for a column with a single class.
    """
    train, found = parts[0], {}
    for name in targets:
        if train[name].dtype == pl.String:
            known = pl.concat([frame[name] for frame in parts]).drop_nulls()
            found[name] = known.unique().sort().to_list()
            if len(found[name]) < 2:
                raise UserError(f"data.target: {name} holds {len(found[name])} class; 2 are needed")
    return {
        "classes": found,
        "scales": {name: fit_scale(train[name]) for name in targets if name not in found},
    }


def encode_target(table: Table, spec: Spec) -> dict[str, Tensor]:
    """Return `labels` [rows, classes] (int64), `targets` [rows, scales], scaled, and `scales`.

    The last one, [rows, scales], holds the numbers that bring `targets` back. What is missing is
    -1 and not a number. Raises UserError for an unknown class.
    """
    faults, count = Faults(table), len(table.frame)
    labels = torch.zeros(count, len(spec.classes), dtype=torch.long)
    for place, (name, classes) in enumerate(spec.classes.items()):
        labels[:, place] = find_places(table.frame[name], classes)
        unknown = table.frame[name].is_not_null() & pl.Series((labels[:, place] < 0).numpy())
        faults.add(unknown, name, f"is none of the classes: {', '.join(classes)}"[:200])
    faults.refuse()
    targets = torch.zeros(count, len(spec.scales))
    for place, (name, (mean, deviation)) in enumerate(spec.scales.items()):
        scaled = ((table.frame[name] - mean) / deviation).fill_null(float("nan"))
        targets[:, place] = torch.from_numpy(scaled.to_numpy(writable=True))
    deviations = torch.tensor([deviation for _, deviation in spec.scales.values()])
    return {"labels": labels, "targets": targets, "scales": deviations.expand(count, -1)}


def tell_targets(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the classes and the numbers, in their own units, of a sample."""
    labels = zip(spec.classes.values(), sample["labels"][0].tolist(), strict=True)
    numbers = zip(spec.scales.values(), sample["targets"][0].tolist(), strict=True)
    told = [classes[label] if label >= 0 else "missing" for classes, label in labels]
    return told + [f"{value * deviation + mean:.4g}" for (mean, deviation), value in numbers]


def kinds(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return as what a sample is counted."""
    told = zip(spec.classes, tell_targets(sample, spec), strict=False)
    return [f"{name} {value}" for name, value in told]


def read_example() -> Table:
    """Return the 569 tumours of scikit-learn (UCI Breast Cancer Wisconsin, Diagnostic).

    To be predicted from the means of their cells: the diagnosis, and the worst cells' radius.
    """
    from sklearn.datasets import load_breast_cancer  # here, because it takes a second to import

    tumours = load_breast_cancer()
    found = dict(zip(map(str, tumours.feature_names), tumours.data.T, strict=True))
    columns = {name: values for name, values in found.items() if name.startswith("mean ")}
    columns["diagnosis"] = [str(tumours.target_names[label]) for label in tumours.target]
    columns["worst radius"] = found["worst radius"]
    numbers = pl.Series(range(len(tumours.target))).cast(pl.String)
    return Table(pl.DataFrame(columns), "tumour " + numbers)
