"""Texts of the `datasets` library, by name or local path."""

from pathlib import Path
from typing import Any

from .errors import UserError
from .rows import Part, as_row

BUILDERS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}
"""what reads a file, by its suffix"""


def read_hub(
    name: str, text: str, label: str, train_split: str, eval_split: str | None
) -> list[Part]:
    """Return the rows of two splits, or of one if there is none to evaluate on.

    Raises UserError if the dataset, a split or a column is not there.
    """
    splits = load(name)
    held_out = eval_split or next((n for n in ("test", "validation") if n in splits), None)
    names = [train_split, held_out] if held_out else [train_split]
    return [read_split(splits, split, text, label) for split in names]


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
        # A folder named csv would be taken for what reads such files.
        return datasets.load_dataset(str(path.resolve()) if path.is_dir() else name)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"data.hf: {name} can't be loaded: {error}".splitlines()[0]) from None


def read_split(splits: Any, split: str, text: str, label: str) -> Part:
    """Return the rows of a split, those without a label, such as -1, among them."""
    if split not in splits:
        raise UserError(f"there is no split {split}; allowed: {', '.join(splits)}")
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
