"""Text of one's own: a file, or a folder of files, with or without splits."""

from itertools import chain
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .documents import ALLOWED, list_documents, read_document
from .files import is_hidden, read_text
from .readers import is_table
from .split import find_splits


def read_root(cfg: Any) -> dict[str, list[str]]:
    """Return the documents of each part that has a folder or file in `root`, or else all.

    Each file is a document, each row of a table and, unless `packed`, each line of the file
    that `root` is. `cfg` is a DataConfig. Raises UserError for what can't be read, and for nothing
    to train on.
    """
    root = cfg.root
    if not cfg.packed and root.is_file() and not is_table(root):
        found = {"train": read_text(root, cfg.encoding).splitlines()}
    else:
        found = {part: read_place(place, cfg) for part, place in find_places(root).items()}
    if not any(found["train"]):
        raise UserError(f"there is no text to train on in {root}")
    return found


def find_places(root: Path) -> dict[str, Path]:
    """Return the file or folder of each part in `root`, or else `root` to be divided."""
    places = {"train": root}
    if root.is_dir():
        there = [p for p in sorted(root.iterdir()) if not is_hidden(p.name)]
        there = {p.stem: p for p in there if p.is_dir() or p.suffix.lower() in ALLOWED}
        splits = {part: there[name] for part, name in find_splits(there).items()}
        places = splits if "evaluation" in splits else places
    return places


def read_place(path: Path, cfg: Any) -> list[str]:
    """Return the documents of a file, or of all files of a folder."""
    read = (read_document(file, cfg.column, cfg.encoding) for file in list_documents(path))
    return list(chain.from_iterable(read))
