"""Texts of the `datasets` library, by name or local path."""

from typing import Any

from ..core.errors import UserError
from .library import choose_splits, load_splits


def read_hub(
    name: str, column: str, train_split: str, eval_split: str | None
) -> dict[str, list[str]]:
    """Return the texts of the split of each part, a document per row.

    Raises UserError if the dataset, a split or the column is not there, or a row has no text.
    """
    splits = load_splits(name)
    chosen = choose_splits(splits, train_split, eval_split)
    return {part: read_column(splits, split, column) for part, split in chosen.items()}


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
