"""Tables as they are found: files of CSV, JSON lines or Parquet, and datasets."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UserError, one_line
from .splits import load_splits

NOTHING = {"", "na", "nan", "null", "none"}
"""texts, in small letters, that stand for a missing value"""


@dataclass
class Table:
    """Columns by name, and where each of the rows stands."""

    columns: dict[str, list[Any]]
    places: list[str]

    def __len__(self) -> int:
        return len(self.places)

    def select(self, rows: list[int]) -> "Table":
        """Return some of the rows."""
        columns = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        return Table(columns, [self.places[row] for row in rows])


def read_table(path: Path) -> Table:
    """Return the table in a file.

    Raises UserError, naming the file and the line, if it can't be read or has no rows.
    """
    if path.suffix.lower() not in READERS:
        raise UserError(f"{path} is not a table; allowed: {', '.join(sorted(READERS))}")
    try:
        table = READERS[path.suffix.lower()](path)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read: {one_line(error)}") from None
    if not len(table):
        raise UserError(f"{path} has no rows")
    return table


def read_csv(path: Path) -> Table:
    """Return the rows below the line of names; columns are separated as that line's are."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = file.readline()
        file.seek(0)
        separator = max(",;\t", key=head.count)
        lines = csv.reader(file, delimiter=separator, strict=True)
        try:
            names = next(lines, [])
            rows = [(lines.line_num, row) for row in lines if row]
        except csv.Error as error:
            raise UserError(f"{path}, line {lines.line_num}: {error}") from None
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{path}: column {twice!r} stands there twice")
    for number, row in rows:
        if len(row) != len(names):
            raise UserError(f"{path}, line {number}: {len(row)} values for {len(names)} columns")
    columns = zip(*(row for _, row in rows), strict=True) if rows else ([] for _ in names)
    places = [f"{path}, line {number}" for number, _ in rows]
    return Table(dict(zip(names, map(list, columns), strict=True)), places)


def read_jsonl(path: Path) -> Table:
    """Return the rows of a file that holds a JSON object per line; what one lacks is missing."""
    rows, places = [], []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            places.append(f"{path}, line {number}")
            try:
                rows.append(dict(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise UserError(f"{places[-1]}: not a JSON object ({error})") from None
    names = dict.fromkeys(name for row in rows for name in row)
    return Table({name: [row.get(name) for row in rows] for name in names}, places)


def read_parquet(path: Path) -> Table:
    """Return the rows of a Parquet file."""
    return to_table(str(path), load_splits(str(path))["train"])


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
}


def to_table(name: str, rows: Any) -> Table:
    """Return the rows of a split of the `datasets` library."""
    return Table(rows.to_dict(), [f"{name}, row {number}" for number in range(1, len(rows) + 1)])


def is_missing(value: Any) -> bool:
    """Return whether a value stands for nothing."""
    return value is None or value != value or str(value).strip().lower() in NOTHING
