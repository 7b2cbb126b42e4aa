"""Texts of the `datasets` library, by name or local path."""

from typing import Any

import polars as pl

from .hub_splits import choose_splits, load_splits
from .rows import Part, make_rows
from .tables import check_columns


def read_hub(cfg: Any) -> dict[str, Part]:
    """Return the rows of the split of each part; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split or a column is not there.
    """
    splits = load_splits(cfg.hf)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    return {part: read_split(splits[name], f"split {name}", cfg) for part, name in chosen.items()}


def read_split(split: Any, source: str, cfg: Any) -> Part:
    """Return the rows of a split, those without a label, such as -1, among them."""
    check_columns(source, split.column_names, cfg, labelled=True)
    columns = {name: list(split[name]) for name in {cfg.text, cfg.label, cfg.group} - {None}}
    if names := getattr(split.features[cfg.label], "names", None):
        numbers = columns[cfg.label]
        columns[cfg.label] = [names[n] if n is not None and n >= 0 else None for n in numbers]
    places = [f"row {number}" for number in range(len(split))]
    return Part(source, make_rows(places, pl.DataFrame(columns, strict=False), cfg))
