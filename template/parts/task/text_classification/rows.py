"""Rows of a text and its label: checked, and split in those to train on and to evaluate on."""

from typing import Any, NamedTuple

from .errors import UserError
from .parts import divide

NAMED = 8
"""broken rows that are named"""


class Row(NamedTuple):
    """A text and its label, None where there is none."""

    place: str
    text: str | None
    label: str | None
    fault: str = ""
    """why nothing of the row can be used"""


def as_row(place: str, text: Any, label: Any) -> Row:
    """Return the row of any two values, without what is no text and no label."""
    text = text if isinstance(text, str) else None
    return Row(place, text, None if label is None else str(label))


class Part(NamedTuple):
    """The rows of a file, or of a split."""

    source: str
    rows: list[Row]


def split(
    parts: dict[str, Part], holdout: float, test: float | None
) -> tuple[dict[str, list[Row]], list[str]]:
    """Return the rows of each part, and the labels of those to train on in order.

    Where none are to evaluate on, some are held out. Raises UserError for rows without a text or a
    label, for labels that those to train on lack, and for fewer than two labels.
    """
    train = parts["train"]
    classes = sorted({row.label for row in train.rows if row.label})
    for source, rows in parts.values():
        check(source, rows, set(classes))
    if len(classes) < 2:
        raise UserError(f"{train.source} has {len(classes)} labels; at least 2 are needed")
    found = {part: each.rows for part, each in parts.items()}
    if "evaluation" not in found:
        texts, labels = zip(*((row.text, row.label) for row in train.rows), strict=True)
        divided = divide(texts, holdout, test, labels)
        found |= {part: [train.rows[i] for i in rows] for part, rows in divided.items()}
    return found, classes


def check(source: str, rows: list[Row], classes: set[str]) -> None:
    """Raise UserError, naming rows by their places, if there are some that can't be used."""
    if not rows:
        raise UserError(f"{source} has no rows")
    found = [f"{row.place} {fault}" for row in rows if (fault := find_fault(row, classes))]
    if found:
        more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
        told = ", ".join(found[:NAMED]) + more
        raise UserError(f"{source}: {len(found)} of {len(rows)} rows can't be used: {told}")


def find_fault(row: Row, classes: set[str] | None) -> str:
    """Return why a row can't be used, or nothing; without `classes` it needs no label."""
    if row.fault:
        return row.fault
    if not row.text or not row.text.strip():
        return "has no text"
    if classes is None or row.label in classes:
        return ""
    return f"has the label {row.label!r}, which training lacks" if row.label else "has no label"
