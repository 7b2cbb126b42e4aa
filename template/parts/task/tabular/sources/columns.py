"""What a table's columns are: numbers, dates, names, or nothing to learn from."""

import re
from dataclasses import dataclass, field

import polars as pl

from ..core.errors import UserError
from .cells import to_names, to_text
from .numbers import THOUSANDS, is_date, read_dates, to_numbers
from .readers import Table

NUMERIC = 0.9
"""share of a column's values that must be numbers, or dates, for the others to be mistakes"""
LARGEST = 1e30
"""beyond it a number is no amount, but a mark, or a mistake; float32 ends at 3.4e38"""
LOOK = 10_000
"""rows that are looked at to tell what a column holds"""
MANY = 20
"""rows from which on a column may be told to be of names that hardly repeat"""
NAMED = 10
"""broken values that an error names"""
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%b %d, %Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S%.f")


@dataclass
class Plan:
    """How each column is read."""

    numbers: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    """those among the numbers that are dates, and how these are written; they count days"""
    decimal: str = "."
    notes: list[str] = field(default_factory=list)
    """what a person should know of it"""


class Faults:
    """Values that can't be used, and the rows they stand in."""

    def __init__(self, table: Table):
        self.table = table
        self.told: dict[int, str] = {}

    def add(self, bad: pl.Series, name: str, words: str) -> None:
        """Note the rows in which a column's value is bad."""
        for row in bad.arg_true().to_list():
            value = self.table.frame[name][row]
            value = "" if value is None else value
            self.told.setdefault(row, f"{self.table.places[row]}: {name} {value!r} {words}")

    def refuse(self) -> None:
        """Raise UserError that names the first of them, if there are any."""
        if self.told:
            told = "; ".join(list(self.told.values())[:NAMED])
            more = f"; and {len(self.told) - NAMED} more rows" if len(self.told) > NAMED else ""
            raise UserError(f"{told}{more}; data.skip_broken leaves such rows out")


def is_numeric(column: pl.Series, marks: list[str], decimal: str, date: str | None = None) -> bool:
    """Return whether a column's values are numbers but for a few mistakes."""
    if column.dtype == pl.Boolean:
        return False
    numbers, bad = to_numbers(column, marks, decimal, date)
    count = len(numbers) - numbers.null_count()
    return count > 0 and count >= NUMERIC * (count + bad.sum())


def thin(frame: pl.DataFrame) -> pl.DataFrame:
    """Return some rows, spread evenly, which tell how columns are written."""
    return frame.gather_every(max(1, len(frame) // LOOK))


def find_decimal(frame: pl.DataFrame, marks: list[str]) -> str:
    """Return the decimal sign of a table: a comma if only that makes numbers of a column."""
    texts = [column for column in thin(frame) if column.dtype == pl.String]
    commas = [column for column in texts if column.str.contains(",", literal=True).any()]
    found = (is_numeric(c, marks, ",") and not is_numeric(c, marks, ".") for c in commas)
    return "," if any(found) else "."


def find_date(column: pl.Series, marks: list[str]) -> str | None:
    """Return how the dates of a column are written, or nothing if it holds none."""
    text = to_text(column, marks).drop_nulls()
    if not len(text) or not re.match(r"\w[\w ,./:-]{5,}", text[0]):
        return None
    formats = [day + time for day in DAYS for time in TIMES]
    best = min(formats, key=lambda each: read_dates(text, each).null_count())
    return best if is_numeric(text, marks, ".", best) else None


def choose(frame: pl.DataFrame, marks: list[str], decimal: str, names: list[str]) -> Plan:
    """Return how to read the columns, of which `names` are names whatever stands in them."""
    plan, few = Plan(decimal=decimal), thin(frame)
    for name in frame.columns:
        column = few[name]
        if not len(to_text(column, marks).drop_nulls()):  # by chance, perhaps
            column = frame[name]
        if name in names:
            plan.names.append(name)
        elif is_date(column.dtype) or is_numeric(column, marks, decimal):
            plan.numbers.append(name)
            plan.notes += tell_numbers(column, decimal)
        elif column.dtype == pl.String and (date := find_date(column, marks)):
            plan.numbers.append(name)
            plan.dates[name] = date
            plan.notes.append(f"{name}: dates as {date}, read as days")
        else:
            text = to_names(frame[name], marks).drop_nulls()
            if not len(text):
                plan.notes.append(f"{name}: nothing stands in it, left out")
            elif len(text) >= MANY and 2 * text.n_unique() > len(text):
                plan.notes.append(
                    f"{name}: {text.n_unique()} names in {len(text)} rows hardly repeat, left out; "
                    f"--data.names '[{name}]' takes them all the same"
                )
            else:
                plan.names.append(name)
    return plan


def tell_numbers(column: pl.Series, decimal: str) -> list[str]:
    """Return what a person should know of how a column of numbers is read."""
    if is_date(column.dtype):
        return [f"{column.name}: dates, read as days"]
    if column.dtype == pl.String and decimal == ",":
        return [f"{column.name}: a comma is the sign before decimals (data.decimal)"]
    if column.dtype == pl.String and column.str.contains(THOUSANDS[decimal]).any():
        return [f"{column.name}: commas part thousands; if not so, set data.decimal to a comma"]
    return []


def parse(table: Table, plan: Plan, marks: list[str], faults: Faults) -> pl.DataFrame:
    """Return the columns of a plan as float64 and as text; null is missing. Notes the mistakes."""
    columns = []
    for name in plan.numbers:
        date = plan.dates.get(name)
        numbers, bad = to_numbers(table.frame[name], marks, plan.decimal, date)
        faults.add(bad, name, f"is no date as {date}" if date else "is not a number")
        faults.add((numbers.abs() > LARGEST).fill_null(False), name, "is too large for an amount")
        columns.append(numbers.alias(name))
    return pl.DataFrame([*columns, *(to_names(table.frame[n], marks) for n in plan.names)])
