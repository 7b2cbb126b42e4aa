"""Documents of text: Python's own reference, and files that are read."""

from pathlib import Path
from typing import Any

import polars as pl

from ..core.errors import UserError
from .files import list_files, read_text
from .readers import SUFFIXES, is_table, read_tables

ALLOWED = (".txt", ".md", ".text", ".rst", *SUFFIXES)
"""files of a folder that hold text; one that is named may have any other suffix"""


def list_topics() -> list[str]:
    """Return the topics of Python's reference, as `help()` shows them, each paragraph once.

    Topics repeat one another's paragraphs; held-out text would be known from training otherwise.
    """
    from pydoc_data.topics import topics  # here, because it is a file of half a megabyte

    owners: dict[str, str] = {}
    for name, text in topics.items():
        for paragraph in text.split("\n\n"):
            owners.setdefault(paragraph, name)
    documents: dict[str, list[str]] = {name: [] for name in topics}
    for paragraph, name in owners.items():
        documents[name].append(paragraph)
    return ["\n\n".join(paragraphs) for paragraphs in documents.values() if paragraphs]


def read_topics(cfg: Any) -> dict[str, list[str]]:
    """Return the topics, which are all to be divided."""
    return {"train": list_topics()}


def list_documents(path: Path) -> list[Path]:
    """Return a file, or those of a folder that hold documents."""
    return list_files(path, ALLOWED)


def read_document(path: Path, column: str, encoding: str | None) -> list[str]:
    """Return the text of a file, or of each row of a table that has one."""
    if is_table(path):
        return read_column(path, column, encoding)
    return [read_text(path, encoding)]


def read_column(path: Path, column: str, encoding: str | None) -> list[str]:
    """Return the texts of a column of a table, without what is empty."""
    frame = read_tables([path], encoding).frame
    if column not in frame.columns:
        there = ", ".join(frame.columns)
        raise UserError(f"data.column: {path} has no column {column}; it has {there}")
    return frame[column].drop_nulls().cast(pl.String).to_list()
