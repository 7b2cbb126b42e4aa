"""Tables of the `datasets` library, by name or local path."""

from typing import Any

import polars as pl

from ..settings.data import DataConfig
from .hub_splits import choose_splits, load_splits
from .readers import Table


def read_hub(cfg: DataConfig) -> dict[str, Table]:
    """Return the rows of each part's split; UserError if the dataset or a split isn't there."""
    splits = load_splits(cfg.hf)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    return {part: open_split(splits[name], f"{cfg.hf} {name}") for part, name in chosen.items()}


def open_split(split: Any, name: str) -> Table:
    """Return the rows of a split of the `datasets` library."""
    frame = split.to_polars()
    return Table(frame, f"{name}, row " + pl.Series(range(1, len(frame) + 1)).cast(pl.String))
