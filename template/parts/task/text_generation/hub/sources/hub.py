"""Texts of the `datasets` library, by name or local path."""

from typing import Any

from ..core.errors import UserError
from .hub_splits import choose_splits, load_splits


def read_hub(cfg: Any) -> dict[str, list[str]]:
    """Return the texts of the split of each part, a document per row; `cfg` is a DataConfig.

    Raises UserError if the dataset, a split or the column is not there, or a row has no text.
    """
    splits = load_splits(cfg.hf)
    chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
    found = {part: read_column(splits, split, cfg.column) for part, split in chosen.items()}
    if not any(found["train"]):
        raise UserError(f"there is no text to train on in {cfg.hf}")
    return found


def read_column(splits: Any, split: str, column: str) -> list[str]:
    """Return the texts of a column of a split."""
    columns = splits[split].column_names
    if column not in columns:
        raise UserError(f"data.column: there is no {column}; allowed: {', '.join(columns)}")
    texts = list(splits[split][column])
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise UserError(f"data.hf: row {number} of {split} has no text in column {column}")
    return texts
