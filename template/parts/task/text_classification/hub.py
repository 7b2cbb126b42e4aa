"""Texts of the `datasets` library, by name or local path."""

from typing import Any

from .errors import UserError
from .rows import Part, as_row
from .splits import choose_splits, load_splits


def read_hub(
    name: str, text: str, label: str, train_split: str, eval_split: str | None
) -> dict[str, Part]:
    """Return the rows of the split of each part.

    Raises UserError if the dataset, a split or a column is not there.
    """
    splits = load_splits(name)
    chosen = choose_splits(splits, train_split, eval_split)
    return {part: read_split(splits, split, text, label) for part, split in chosen.items()}


def read_split(splits: Any, split: str, text: str, label: str) -> Part:
    """Return the rows of a split, those without a label, such as -1, among them."""
    features = splits[split].features
    for key, column in (("text", text), ("label", label)):
        if column not in features:
            raise UserError(f"data.{key}: no column {column}; allowed: {', '.join(features)}")
    labels = list(splits[split][label])
    if names := getattr(features[label], "names", None):
        labels = [names[value] if value is not None and value >= 0 else None for value in labels]
    pairs = zip(splits[split][text], labels, strict=True)
    rows = [as_row(f"row {number}", *pair) for number, pair in enumerate(pairs)]
    return Part(f"split {split}", rows)
