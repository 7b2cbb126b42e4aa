"""Cells as numbers: amounts however they are written, and dates as days."""

import polars as pl

from .cells import to_text

DAY = 86_400_000
"""milliseconds of a day"""
ZONE = r"\s*(Z|UTC|[+-]\d\d:?\d\d)$"
THOUSANDS = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$"}
"""by the decimal sign, numbers whose digits are grouped by the other one"""


def to_numbers(
    column: pl.Series, marks: list[str], decimal: str = ".", date: str | None = None
) -> tuple[pl.Series, pl.Series]:
    """Return a column as float64, null where it is missing, and which of its values are mistakes.

    Dates are days since 1970.
    """
    if is_date(column.dtype):
        days = column.cast(pl.Datetime("ms")).to_physical().cast(pl.Float64) / DAY
        return days, days.is_nan().fill_null(False)
    if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.String)):
        column = to_text(column, marks)
    plain = column.dtype != pl.String or (decimal == "." and not date)
    numbers = column.cast(pl.Float64, strict=False) if plain else column.clear(len(column))
    numbers = numbers.cast(pl.Float64).fill_nan(None)
    # Few are left, as a rule: the others need no look at how they are written.
    rest = column.is_not_null() & numbers.is_null()
    if rest.any():
        text = to_text(column.filter(rest), marks)
        found = read_dates(text, date) if date else read_numbers(text, decimal)
        places = rest.arg_true()
        numbers.scatter(places, found)
        rest = rest.clone().scatter(places, text.is_not_null() & found.is_null())
    return numbers.set(numbers.is_in(list_numbers(marks)).fill_null(False), None), rest


def is_date(dtype: pl.DataType) -> bool:
    """Return whether values are dates as they are."""
    return dtype == pl.Date or dtype == pl.Datetime


def list_numbers(words: list[str]) -> list[float]:
    """Return the words that are numbers, such as -999."""
    return pl.Series(words, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls().to_list()


def read_numbers(text: pl.Series, decimal: str) -> pl.Series:
    """Return the numbers that are written as text, with this decimal sign; null for others."""
    grouped = text.str.contains(THOUSANDS[decimal]).fill_null(False)
    other = "," if decimal == "." else "."
    text = text.str.replace_all(other, "", literal=True).zip_with(grouped, text)
    if decimal == ",":
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def read_dates(text: pl.Series, date: str) -> pl.Series:
    """Return the days since 1970 of dates that are written so; null for others."""
    days = text.str.replace(ZONE, "").str.to_datetime(date, strict=False, time_unit="ms")
    return days.to_physical().cast(pl.Float64) / DAY
