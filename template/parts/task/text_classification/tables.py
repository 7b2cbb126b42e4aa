"""Files of texts with labels: tables with a header, or objects of JSON line by line."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from .errors import UserError
from .parts import find_splits
from .rows import Part, Row, as_row

TABLES = {".csv": ",", ".tsv": "\t"}
"""what separates the columns of a table, by its suffix"""
SUFFIXES = [*TABLES, ".jsonl"]


def read_root(root: Path, text: str, label: str) -> dict[str, Part]:
    """Return the rows of a file, or of each part's file in a folder."""
    files = {"train": root}
    if root.is_dir():
        there = {f.stem: f for f in sorted(root.iterdir()) if f.suffix.lower() in SUFFIXES}
        files = {part: there[name] for part, name in find_splits(there).items()}
        if not files:
            raise UserError(f"{root} has no train file; allowed: {', '.join(SUFFIXES)}")
    return {part: Part(str(f), list(read_file(f, text, label))) for part, f in files.items()}


def list_files(path: Path) -> list[Path]:
    """Return a file, or the sorted ones of a folder; raise UserError if there is none."""
    if path.is_file():
        return [path]
    suffixes = [".txt", *SUFFIXES]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes)
    if not found:
        raise UserError(f"no texts in {path}; allowed: a file or folder of {', '.join(suffixes)}")
    return found


def read_file(path: Path, text: str, label: str | None) -> Iterator[Row]:
    """Yield the rows of a table with a header, of lines of JSON, or of lines of text.

    `text` and `label` name the columns; without `label`, rows have none. Raises UserError for a
    file that can't be read as what its suffix says, and for a column that isn't there.
    """
    try:
        data = path.read_bytes()
        file = io.StringIO(data.decode("utf-8-sig"), newline="")
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path} can't be read: line {line} is not UTF-8") from None
    suffix = path.suffix.lower()
    if suffix in TABLES:
        yield from read_table(path, file, TABLES[suffix], text, label)
    elif suffix == ".jsonl":
        yield from read_json(file, text, label)
    elif label is None:
        lines = enumerate(file, start=1)
        yield from (Row(f"line {n}", line.strip(), None) for n, line in lines if line.strip())
    else:
        raise UserError(f"{path}: labels are read from {', '.join(SUFFIXES)} only")


def read_table(
    path: Path, file: io.StringIO, separator: str, text: str, label: str | None
) -> Iterator[Row]:
    """Yield the rows of a table, each with the line that it ends in."""
    csv.field_size_limit(2**31 - 1)  # of the 131,072 characters that it allows, texts may have more
    table = csv.DictReader(file, delimiter=separator, strict=True)
    try:
        names = table.fieldnames or []
        for key, name in (("text", text), ("label", label)):
            if name is not None and name not in names:
                raise UserError(f"data.{key}: {path} has no column {name}; it has {names}")
        for row in table:
            fault = "has more fields than the header" if None in row else ""
            yield Row(f"line {table.line_num}", row[text], row[label] if label else None, fault)
    except csv.Error as error:
        line = table.line_num + 1  # where the row begins; a quote may be open up to the end
        raise UserError(f"{path} can't be read: from line {line} on: {error}") from None


def read_json(file: io.StringIO, text: str, label: str | None) -> Iterator[Row]:
    """Yield the rows of a file with an object of JSON in each line."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield json_row(f"line {number}", line, text, label)


def json_row(place: str, line: str, text: str, label: str | None) -> Row:
    """Return the row that a line of JSON is, if it is one."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return Row(place, None, None, "is no object of JSON")
    lacking = {text, label or text} - found.keys()
    if lacking:
        return Row(place, None, None, f"has no {min(lacking)}; it has {', '.join(found)}")
    return as_row(place, found[text], found[label] if label else None)
