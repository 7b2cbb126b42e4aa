"""Rows of a text and its label: checked, and split in those to train on and to evaluate on."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import polars as pl

#% if sources %#
from ..core.errors import UserError, warn
from .cells import to_names, to_text
#% else %#
from ..core.errors import UserError
from .cells import to_text
#% endif %#
from .split import divide

#% if sources %#
NAMED = 8
"""broken rows that are named"""

#% endif %#

class Row(NamedTuple):
    """A text and its label, None where there is none."""

    place: str
    text: str | None
    label: str | None = None
    group: str | None = None
    """rows of one group stay in one part"""
    fault: str = ""
    """why nothing of the row can be used"""


class Part(NamedTuple):
    """The rows of a file, or of a split."""

    source: str
    rows: list[Row]


def make_rows(places: Iterable[str], frame: pl.DataFrame, cfg: Any) -> list[Row]:
    """Return the rows of a table; columns that it lacks hold nothing. `cfg` is a DataConfig."""
    columns = [to_text(frame[cfg.text], []).to_list()]
    #% if sources %#
    nothing = pl.Series([None] * len(frame), dtype=pl.String)
    for name, marks in ((cfg.label, cfg.missing), (cfg.group, [])):
        column = frame[name] if name in frame.columns else nothing
        columns.append(to_names(column, marks).to_list())
    #% endif %#
    return list(map(Row, places, *columns))


def split(
    parts: dict[str, Part], cfg: Any, known: list[str] | None = None
) -> tuple[dict[str, list[Row]], list[str]]:
    """Return the rows of each part, and the labels: `known` ones, or those to train on in order.

    Where none are to evaluate on, some are held out; a part without any label is left out. Raises
    UserError for fewer than two labels and, unless they are skipped, for rows without a text, or
    with none of the labels. `cfg` is a DataConfig.
    """
    train = parts["train"]
    classes = known or sorted({row.label for row in train.rows if row.label and is_text(row.text)})
    found = {}
    for part, rows in ((part, given.rows) for part, given in parts.items()):
        #% if sources %#
        unlabelled = {None} | ({"-1"} - {*classes})  # as where a task keeps its labels back
        if part != "train" and {row.label for row in rows} <= unlabelled:
            warn(f"{parts[part].source} has no labels: it is left out")
            continue
        rows = check(parts[part].source, rows, {*classes}, cfg.skip_broken)
        #% endif %#
        found[part] = rows
    if len(classes) < 2:
        raise UserError(f"{train.source} has {len(classes)} labels; at least 2 are needed")
    if "evaluation" not in found:
        test = None if "test" in found else cfg.test
        found |= hold_out(found["train"], cfg.holdout, test)
    return found, classes


def hold_out(rows: list[Row], holdout: float, test: float | None) -> dict[str, list[Row]]:
    """Return the rows of each part, drawn by what they say, or by their groups if they have any."""
    names, labels = [row.text for row in rows], [row.label for row in rows]
    groups = [row.group or row.place for row in rows] if any(row.group for row in rows) else None
    divided = divide(names, holdout, test, labels, groups)
    return {part: [rows[i] for i in indices] for part, indices in divided.items()}


#% if sources %#
def check(source: str, rows: list[Row], classes: set[str], skip_broken: bool) -> list[Row]:
    """Return the rows that can be used; raise UserError, naming some, if others aren't skipped."""
    faults = [find_fault(row, classes) for row in rows]
    found = [f"{row.place} {fault}" for row, fault in zip(rows, faults, strict=True) if fault]
    if found:
        more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
        told = f"{len(found)} of {len(rows)} rows can't be used: {', '.join(found[:NAMED])}{more}"
        if not skip_broken:
            raise UserError(f"{source}: {told}; data.skip_broken leaves them out")
        warn(f"{source}: {told}")
    if len(found) == len(rows):
        raise UserError(f"{source} has no rows that can be used")
    return [row for row, fault in zip(rows, faults, strict=True) if not fault]


#% endif %#
def is_text(text: str | None) -> bool:
    """Return whether there is anything but space in a text."""
    return bool(text and text.strip())


def find_fault(row: Row, classes: set[str] | None) -> str:
    """Return why a row can't be used, or nothing; without `classes` it needs no label."""
    if row.fault:
        return row.fault
    if not is_text(row.text):
        return "has no text"
    if classes is None or row.label in classes:
        return ""
    return f"has the label {row.label!r}, which training lacks" if row.label else "has no label"
