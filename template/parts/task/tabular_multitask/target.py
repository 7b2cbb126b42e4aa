"""What is predicted: several columns at once, each a class or a number."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .encode import convert, fit_names, fit_scale, is_numeric, to_number
from .errors import UserError
from .tables import Table

Target = str | list[str]
"""how the columns to predict are named"""


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

    def list_targets(self) -> list[str]:
        """Return the columns to predict."""
        return [*self.classes, *self.scales]


def list_targets(target: Target) -> list[str]:
    """Return the columns that a setting names."""
    return [target] if isinstance(target, str) else target


def fit_target(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Return what is known of each column; raise UserError for one with a single class."""
    scales = {name: fit_scale(values) for name, values in columns.items() if is_numeric(values)}
    classes = {name: fit_names(columns[name]) for name in columns if name not in scales}
    for name, found in classes.items():
        if len(found) < 2:
            raise UserError(f"data.target: {name} holds {len(found)} classes; at least 2 needed")
    return {"classes": classes, "scales": scales}


def encode_target(table: Table, spec: Spec, errors: list[str]) -> dict[str, Tensor]:
    """Return `labels` [rows, classes] (int64), `targets` [rows, scales], scaled, and `scales`.

    The last one, [rows, scales], holds the numbers that bring `targets` back.
    """
    labels, targets = [], []
    for name, classes in spec.classes.items():
        number = {known: place for place, known in enumerate(classes)}
        words = f"is none of the classes to train on: {', '.join(classes)}"[:200]
        labels.append(
            convert(table, name, lambda value, n=number: n[str(value).strip()], words, errors)
        )
    for name, (mean, deviation) in spec.scales.items():
        numbers = convert(table, name, to_number, "is not a number", errors)
        targets.append([(number - mean) / deviation for number in numbers])
    deviations = torch.tensor([deviation for _, deviation in spec.scales.values()])
    return {
        "labels": torch.tensor(labels, dtype=torch.long).view(-1, len(table)).T.contiguous(),
        "targets": torch.tensor(targets).view(-1, len(table)).T.contiguous(),
        "scales": deviations.expand(len(table), -1),
    }


def tell_targets(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the classes and the numbers, in their own units, of a sample."""
    labels = zip(spec.classes.values(), sample["labels"][0].tolist(), strict=True)
    numbers = zip(spec.scales.values(), sample["targets"][0].tolist(), strict=True)
    told = [classes[label] for classes, label in labels]
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
    found = dict(zip(map(str, tumours.feature_names), tumours.data.T.tolist(), strict=True))
    columns = {name: values for name, values in found.items() if name.startswith("mean ")}
    columns["diagnosis"] = [str(tumours.target_names[label]) for label in tumours.target]
    columns["worst radius"] = found["worst radius"]
    return Table(columns, [f"tumour {number}" for number in range(len(tumours.target))])
