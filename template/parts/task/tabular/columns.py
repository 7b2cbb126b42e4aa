"""What a table's columns are: numbers, dates, names, or nothing to learn from."""

import re
from dataclasses import dataclass, field

import polars as pl

from .cells import to_names, to_text
from .errors import UserError
from .readers import Table

NUMERIC = 0.9
"""share of a column's values that must be numbers, or dates, for the others to be mistakes"""
LARGEST = 1e30
"""beyond it a number is no amount, but a mark, or a mistake; float32 ends at 3.4e38"""
MANY = 20
"""rows from which on a column may be told to be of names that hardly repeat"""
NAMED = 10
"""broken values that an error names"""
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%b %d, %Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S%.f")
ZONE = r"\s*(Z|UTC|[+-]\d\d:?\d\d)$"
THOUSANDS = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$"}
"""by the decimal sign, numbers whose digits are grouped by the other one"""


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


def to_numbers(
    column: pl.Series, marks: list[str], decimal: str = ".", date: str | None = None
) -> pl.Series:
    """Return a column as float64, dates as days since 1970; null for what is none."""
    if column.dtype.is_temporal() and column.dtype != pl.Time:
        return column.cast(pl.Datetime("ms")).to_physical().cast(pl.Float64) / 86_400_000
    text = to_names(column, marks)
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None).set(text.is_null(), None)
    if date:
        days = text.str.replace(ZONE, "").str.to_datetime(date, strict=False, time_unit="ms")
        return days.to_physical().cast(pl.Float64) / 86_400_000
    grouped = text.str.contains(THOUSANDS[decimal])
    other = "," if decimal == "." else "."
    plain = text.str.replace_all(other, "", literal=True).zip_with(grouped.fill_null(False), text)
    if decimal == ",":
        plain = plain.str.replace(",", ".", literal=True)
    return plain.cast(pl.Float64, strict=False)


def is_numeric(column: pl.Series, marks: list[str], decimal: str, date: str | None = None) -> bool:
    """Return whether a column's values are numbers but for a few mistakes."""
    if column.dtype == pl.Boolean:
        return False
    there = len(column) - to_text(column, marks).null_count()
    found = len(column) - to_numbers(column, marks, decimal, date).null_count()
    return there > 0 and found >= NUMERIC * there


def find_decimal(frame: pl.DataFrame, marks: list[str]) -> str:
    """Return the decimal sign of a table: a comma if only that makes numbers of a column."""
    texts = [column for column in frame if column.dtype == pl.String]
    commas = [column for column in texts if column.str.contains(",", literal=True).any()]
    found = (is_numeric(c, marks, ",") and not is_numeric(c, marks, ".") for c in commas)
    return "," if any(found) else "."


def find_date(column: pl.Series, marks: list[str]) -> str | None:
    """Return how the dates of a column are written, or nothing if it holds none."""
    if column.dtype != pl.String:
        return None
    text = to_text(column, marks).drop_nulls()
    if not len(text) or not re.match(r"[\d\w][\d\w ,./:-]{5,}", text[0]):
        return None
    few = text.gather_every(max(1, len(text) // 1000))
    formats = [day + time for day in DAYS for time in TIMES]
    best = max(formats, key=lambda each: -to_numbers(few, marks, date=each).null_count())
    return best if is_numeric(text, marks, ".", best) else None


def choose(frame: pl.DataFrame, marks: list[str], decimal: str, names: list[str]) -> Plan:
    """Return how to read the columns, of which `names` are names whatever stands in them."""
    plan = Plan(decimal=decimal)
    for column in frame:
        name, text = column.name, to_names(column, marks)
        count, distinct = len(text) - text.null_count(), text.drop_nulls().n_unique()
        temporal = column.dtype.is_temporal() and column.dtype != pl.Time
        if not count:
            plan.notes.append(f"{name}: nothing stands in it, left out")
        elif name in names:
            plan.names.append(name)
        elif temporal or is_numeric(column, marks, plan.decimal):
            plan.numbers.append(name)
            plan.notes += tell_numbers(column, text, plan.decimal)
        elif date := find_date(column, marks):
            plan.numbers.append(name)
            plan.dates[name] = date
            plan.notes.append(f"{name}: dates as {date}, read as days")
        elif count >= MANY and 2 * distinct > count:
            plan.notes.append(
                f"{name}: {distinct} names in {count} rows hardly repeat, left out; "
                f"--data.names '[{name}]' takes it all the same"
            )
        else:
            plan.names.append(name)
        if count and distinct == 1:
            plan.notes.append(f"{name}: constant, tells nothing")
    return plan


def tell_numbers(column: pl.Series, text: pl.Series, decimal: str) -> list[str]:
    """Return what a person should know of a column of numbers."""
    told = []
    if column.dtype.is_temporal():
        told.append(f"{column.name}: dates, read as days")
    elif column.dtype == pl.String and decimal == ",":
        told.append(f"{column.name}: a comma is the decimal sign (data.decimal)")
    elif column.dtype == pl.String and text.str.contains(THOUSANDS[decimal]).any():
        told.append(f"{column.name}: commas part thousands; if not, set --data.decimal ,")
    return told


def parse(
    table: Table, plan: Plan, marks: list[str], faults: Faults, words: str = "is not a number"
) -> pl.DataFrame:
    """Return the columns of a plan as float64 and as text; null is missing. Notes the mistakes."""
    columns = []
    for name in plan.numbers:
        column = table.frame[name]
        there = to_text(column, marks).is_not_null()
        numbers = to_numbers(column, marks, plan.decimal, plan.dates.get(name))
        what = f"is no date as {plan.dates[name]}" if name in plan.dates else words
        faults.add(there & numbers.is_null(), name, what)
        faults.add((numbers.abs() > LARGEST).fill_null(False), name, "is too large for an amount")
        columns.append(numbers.alias(name))
    return pl.DataFrame([*columns, *(to_names(table.frame[n], marks) for n in plan.names)])
