"""Files of texts with labels: tables of columns, or a folder of texts for each label."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .files import is_hidden, list_files, read_text
from .readers import SUFFIXES, find_files, is_table, read_blocks, read_tables
from .rows import Part, Row, make_rows
from .split import find_splits

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}
"""folders that are no label"""
TEXT = ".txt"
AT_ONCE = 1024
"""rows of a table that are read at once"""


def read_root(root: Path, cfg: Any) -> dict[str, Part]:
    """Return the rows of each part that has files, or folders of texts, in `root`, or else all.

    `cfg` is a DataConfig. Raises UserError for what can't be read, and for columns that aren't
    there.
    """
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


def check_columns(source: str, there: list[str], cfg: Any, labelled: bool) -> None:
    """Raise UserError for a column that is set and isn't there; a label may lack in new texts."""
    for key, name in (("text", cfg.text), ("label", cfg.label), ("group", cfg.group)):
        if name is not None and name not in there and (labelled or key == "text"):
            raise UserError(f"data.{key}: {source} has no column {name}; it has {', '.join(there)}")


def read_texts(path: Path, cfg: Any) -> Iterator[Row]:
    """Yield the texts, without labels, of a table or of the lines of a file, or of a folder's."""
    for file in list_files(path, (TEXT, *SUFFIXES)):
        if is_table(file):
            for table in read_blocks(file, cfg.encoding, cfg.separator, AT_ONCE):
                check_columns(str(file), table.frame.columns, cfg, labelled=False)
                yield from make_rows(table.places, table.frame, cfg)
        else:
            lines = enumerate(read_text(file, cfg.encoding).splitlines(), start=1)
            yield from (Row(f"{file}, line {n}", line.strip()) for n, line in lines if line.strip())
