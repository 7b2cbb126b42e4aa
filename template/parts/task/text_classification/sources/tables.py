"""Files of texts as they are to be predicted: tables of columns, or a text per line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .files import list_files, read_text
from .readers import SUFFIXES, is_table, read_blocks
from .rows import Row, make_rows

TEXT = ".txt"
AT_ONCE = 1024
"""rows of a table that are read at once"""


def check_columns(source: str, there: list[str], cfg: Any, labelled: bool) -> None:
    """Raise UserError for a column that is set and isn't there; a label may lack in new texts."""
    wanted = [("text", cfg.text)]
    #% if sources %#
    wanted += [("label", cfg.label), ("group", cfg.group)] if labelled else []
    #% endif %#
    for key, name in wanted:
        if name is not None and name not in there:
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
