"""Texts of the `datasets` library, by name or local path."""

from pathlib import Path
from typing import Any

from .errors import UserError

BUILDERS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".txt": "text"}
"""what reads a file, by its suffix"""


def read_hub(
    name: str, column: str, train_split: str, eval_split: str | None
) -> tuple[list[str], list[str] | None]:
    """Return the texts of two splits, a document per row; None for one that is not there.

    Raises UserError if the dataset, a split or the column is not there, or a row has no text.
    """
    splits = load(name)
    held_out = eval_split or next((n for n in ("test", "validation") if n in splits), None)
    train = read_column(splits, train_split, column)
    return train, read_column(splits, held_out, column) if held_out else None


def load(name: str) -> Any:
    """Return the splits of a dataset on the hub, in local files, or saved by `save_to_disk`."""
    try:
        import datasets
    except ImportError:
        raise UserError("data.hf needs the datasets library: pip install datasets") from None
    path = Path(name)
    try:
        if path.is_file() and path.suffix in BUILDERS:
            return datasets.load_dataset(BUILDERS[path.suffix], data_files=name)
        if (path / "dataset_dict.json").is_file():
            return datasets.load_from_disk(name)
        return datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]  # the cause knows the row
        raise UserError(f"data.hf: {name} can't be loaded: {reason}") from None


def read_column(splits: Any, split: str, column: str) -> list[str]:
    """Return the texts of a column of a split."""
    if split not in splits:
        raise UserError(f"there is no split {split}; allowed: {', '.join(splits)}")
    columns = splits[split].column_names
    if column not in columns:
        raise UserError(f"data.column: there is no {column}; allowed: {', '.join(columns)}")
    texts = list(splits[split][column])
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise UserError(f"data.hf: row {number} of {split} has no text in column {column}")
    return texts
