"""Columns as numbers, scaled and counted as the rows to train on say."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .errors import UserError
from .samples import Batched
from .tables import Table, is_missing

NUMERIC = 0.9
"""share of a column's values that must be numbers for the others to be mistakes, not names"""
NAMED = 10
"""broken values that an error names"""


class Rows(Batched):
    """Encoded columns, in memory."""

    def __init__(self, columns: dict[str, Tensor]):
        self.columns = columns
        self.row_size = sum(column[0].numel() for column in columns.values())

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of each column [b, ...] and `key` [b]."""
        key = torch.tensor(keys)
        index = key % len(self)
        columns = {name: column.index_select(0, index) for name, column in self.columns.items()}
        return columns | {"key": key}


def to_number(value: Any) -> float:
    """Return a finite number; raise ValueError for anything else."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not finite")
    return number


def is_numeric(values: list[Any]) -> bool:
    """Return whether a column's values are numbers but for a few mistakes."""
    there = [value for value in values if not is_missing(value)]
    right = sum(holds(to_number, value) for value in there)
    return bool(there) and right >= NUMERIC * len(there)


def holds(function: Callable[[Any], Any], value: Any) -> bool:
    """Return whether a function takes a value."""
    try:
        function(value)
    except (TypeError, ValueError):
        return False
    return True


def fit_scale(values: list[Any]) -> list[float]:
    """Return the mean and the standard deviation (1 if it is 0) of a column's numbers."""
    numbers = [to_number(x) for x in values if not is_missing(x) and holds(to_number, x)]
    column = torch.tensor(numbers, dtype=torch.float64)
    return [column.mean().item(), column.std(correction=0).item() or 1.0]


def fit_names(values: list[Any]) -> list[str]:
    """Return the names that stand in a column, sorted."""
    return sorted({str(value).strip() for value in values if not is_missing(value)})


def encode_numbers(table: Table, scales: dict[str, list[float]], errors: list[str]) -> Tensor:
    """Return columns scaled to mean 0 and deviation 1, [rows, columns]; what is missing is 0."""
    columns = []
    for name, (mean, deviation) in scales.items():

        def scale(value: Any, mean: float = mean, deviation: float = deviation) -> float:
            return 0.0 if is_missing(value) else (to_number(value) - mean) / deviation

        columns.append(convert(table, name, scale, "is not a number", errors))
    return torch.tensor(columns, dtype=torch.float32).view(len(scales), len(table)).T.contiguous()


def encode_names(table: Table, names: dict[str, list[str]]) -> Tensor:
    """Return the number of each name, [rows, columns]; 0 is for missing and unknown ones."""
    columns = []
    for column, known in names.items():
        number = {name: place for place, name in enumerate(known, start=1)}
        columns.append([number.get(str(value).strip(), 0) for value in table.columns[column]])
    return torch.tensor(columns, dtype=torch.long).view(len(names), len(table)).T.contiguous()


def convert(
    table: Table, name: str, function: Callable[[Any], Any], words: str, errors: list[str]
) -> list[Any]:
    """Return the values that a function makes of a column's; note those it doesn't take."""
    converted = []
    for value, place in zip(table.columns[name], table.places, strict=True):
        try:
            converted.append(function(value))
        except (KeyError, TypeError, ValueError):
            errors.append(f"{place}: {name} {value!r} {words}")
            converted.append(0)
    return converted


def refuse(errors: list[str]) -> None:
    """Raise UserError that names the broken values, if there are any."""
    if errors:
        more = f"; and {len(errors) - NAMED} more" if len(errors) > NAMED else ""
        raise UserError("; ".join(errors[:NAMED]) + more)
