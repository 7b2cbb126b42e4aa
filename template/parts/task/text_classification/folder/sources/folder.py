"""Texts with labels of one's own: tables of columns, or a folder of texts for each label."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .files import is_hidden, list_files, read_text
from .readers import find_files, is_table, read_tables
from .rows import Part, Row, make_rows
from .split import find_splits
from .tables import TEXT, check_columns

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}
"""folders that are no label"""


def read_root(cfg: Any) -> dict[str, Part]:
    """Return the rows of each part that has files, or folders of texts, in `root`, or else all.

    `cfg` is a DataConfig. Raises UserError for what can't be read, and for columns that aren't
    there.
    """
    root = cfg.root
    if root.is_dir() and not any(map(is_table, root.rglob("*"))):
        there = [p.name for p in sorted(root.iterdir()) if p.is_dir() and not is_hidden(p.name)]
        places = {part: root / name for part, name in find_splits(there).items()} or {"train": root}
        return {part: Part(str(p), list(read_folder(p, cfg))) for part, p in places.items()}
    parts = {}
    for part, files in find_files(root).items():
        source = str(files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more")
        broken: list[str] = []
        table = read_tables(files, cfg.encoding, cfg.separator, broken)
        check_columns(source, table.frame.columns, cfg, labelled=part == "train")
        named = (fault.partition(": ") for fault in broken)
        faults = [Row(place, None, fault=f"({fault})") for place, _, fault in named]
        parts[part] = Part(source, make_rows(table.places, table.frame, cfg) + faults)
    return parts


def read_folder(folder: Path, cfg: Any) -> Iterator[Row]:
    """Yield the text of each file, whose label is the folder in `folder` that it is in."""
    for file in list_files(folder, (TEXT,)):
        label, *rest = file.relative_to(folder).parts
        if label.casefold() not in UNLABELLED and (rest or folder.parent == folder):
            try:
                yield Row(str(file), read_text(file, cfg.encoding), label)
            except UserError as error:
                yield Row(str(file), None, fault=str(error))
