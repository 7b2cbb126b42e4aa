"""Datasets of the `datasets` library by name or path, and which of their splits are for what."""

from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .split import find_splits

BUILDERS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".txt": "text"}
"""what reads a file, by its suffix"""


def load_splits(name: str, streaming: bool = False) -> Any:
    """Return the splits of a dataset on the hub, in local files, or saved by `save_to_disk`."""
    try:
        import datasets
    except ImportError:
        raise UserError(f"{name} needs the datasets library: pip install datasets") from None
    path = Path(name)
    try:
        if path.is_file() and path.suffix in BUILDERS:
            builder = BUILDERS[path.suffix]
            return datasets.load_dataset(builder, data_files=name, streaming=streaming)
        if (path / "dataset_dict.json").is_file() and not streaming:
            return datasets.load_from_disk(name)
        # A folder named csv would be taken for what reads such files.
        place = str(path.resolve()) if path.is_dir() else name
        return datasets.load_dataset(place, streaming=streaming)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]  # the cause knows the row
        raise UserError(f"{name} can't be loaded: {reason}") from None


def choose_splits(splits: Any, train: str, evaluation: str | None) -> dict[str, str]:
    """Return the name of the split of each part: those that are named, and those found by name.

    Raises UserError for a name that isn't there.
    """
    for name in (train, evaluation or train):
        if name not in splits:
            raise UserError(f"there is no split {name}; allowed: {', '.join(splits)}")
    named = {"train": train} | ({"evaluation": evaluation} if evaluation else {})
    found = find_splits(["train", *splits]) | named
    return {p: name for p, name in found.items() if p in named or name not in named.values()}
