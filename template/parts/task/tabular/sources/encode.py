"""Columns as tensors, scaled and counted as the rows to train on say, and the rows' names."""

import hashlib

import polars as pl
import torch
from torch import Tensor

from ..core.dataset import Batched
from ..core.rng import mix


class Rows(Batched):
    """Encoded columns, in memory; `names` stand for what the rows hold."""

    def __init__(self, columns: dict[str, Tensor], names: pl.Series):
        self.columns = columns
        self.row_size = sum(column[0].numel() for column in columns.values())
        self.identity = hashlib.blake2b(names.to_numpy().tobytes(), digest_size=8).hexdigest()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of each column [b, ...] and `key` [b]."""
        key = torch.tensor(keys)
        index = key % len(self)
        columns = {name: column.index_select(0, index) for name, column in self.columns.items()}
        return columns | {"key": key}


def fit_scale(column: pl.Series) -> list[float]:
    """Return the mean and the standard deviation of numbers; 1 where these are all the same."""
    there = column.drop_nulls()
    if not len(there) or there.min() == there.max():
        return [there.first() or 0.0, 1.0]
    return [there.mean(), there.std(ddof=0) or 1.0]


def fit_names(column: pl.Series) -> list[str]:
    """Return the names that stand in a column, sorted; an empty one if some are missing."""
    return column.fill_null("").unique().sort().to_list()


def encode_numbers(frame: pl.DataFrame, scales: dict[str, list[float]]) -> Tensor:
    """Return columns scaled to mean 0 and deviation 1, [rows, columns]; what is missing is 0."""
    numbers = torch.zeros(len(frame), len(scales))
    for place, (name, (mean, deviation)) in enumerate(scales.items()):
        scaled = ((frame[name] - mean) / deviation).fill_null(0)
        numbers[:, place] = torch.from_numpy(scaled.to_numpy(writable=True))
    return numbers


def encode_names(frame: pl.DataFrame, names: dict[str, list[str]]) -> Tensor:
    """Return the number of each name, [rows, columns]; 0 is for unknown ones."""
    places = torch.zeros(len(frame), len(names), dtype=torch.long)
    for place, (name, known) in enumerate(names.items()):
        places[:, place] = find_places(frame[name].fill_null(""), known) + 1
    return places


def find_places(column: pl.Series, known: list[str]) -> Tensor:
    """Return the place of each name among those known, [rows]; -1 for another, and for null."""
    places = column.cast(pl.Enum(known), strict=False).to_physical().cast(pl.Int64)
    return torch.from_numpy(places.fill_null(-1).to_numpy(writable=True))


def name_rows(frame: pl.DataFrame) -> Tensor:
    """Return a number for each row, [rows] (int64), that what stands in it alone tells.

    It is the same in every version of the libraries, whose own hashes promise no such thing.
    """
    names = torch.zeros(len(frame), dtype=torch.long)
    for column in frame.select(sorted(frame.columns)):
        if column.dtype == pl.String:
            known = column.drop_nulls().unique()
            numbers = pl.Series([mix(name) for name in known], dtype=pl.Int64)
            cells = column.replace_strict(known, numbers, default=0, return_dtype=pl.Int64)
            cells = torch.from_numpy(cells.fill_null(0).to_numpy(writable=True))
        else:
            filled = column.fill_null(float("nan")).to_numpy(writable=True)
            cells = torch.from_numpy(filled).view(torch.long)
        names = scramble(names * 31 + scramble(cells + mix(column.name)))
    return names


def scramble(x: Tensor) -> Tensor:
    """Return numbers whose every bit depends on all those of x, as `rng.uniform` does."""
    for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15)):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))
