"""The rows made ready: read, their columns chosen, broken ones left out, some held out."""

import re
import sys

import polars as pl

from ..core.errors import UserError, check_choice
from ..settings.data import DataConfig
from .cells import to_names
from .columns import Faults, Plan, choose, find_decimal, is_numeric, parse, thin
from .encode import name_rows
from .readers import Table
from .split import divide
from .target import Spec, list_targets, read_example, takes_numbers

GROUP = "\0group"
"""column that holds what rows are kept together by"""
ROW = "\0row"
"""column that holds what rows are told apart by"""


def read_embedded(cfg: DataConfig) -> dict[str, Table]:
    """Return the table that is there without any other, all of it to be divided."""
    return {"train": read_example()}


def choose_targets(frame: pl.DataFrame, cfg: DataConfig) -> list[str]:
    """Return the columns to predict; without a setting the last with a name and a value."""
    if cfg.target:
        return list_targets(cfg.target)
    columns = [name for name in frame.columns if not is_unnamed(frame[name])]
    return [next(n for n in reversed(columns) if n not in [*cfg.ignore, cfg.group])]


def is_unnamed(column: pl.Series) -> bool:
    """Return whether a column is an index that pandas wrote, or is there for a separator's sake."""
    if not re.fullmatch(r"column \d+|Unnamed: \d+|__index_level_\d+__", column.name):
        return False
    numbers = column.drop_nulls().cast(pl.String).str.contains(r"^\s*\d+\s*$")
    return column.null_count() == len(column) or numbers.all()


def choose_columns(frame: pl.DataFrame, cfg: DataConfig) -> Plan:
    """Return how to read the columns, targets among them; raise UserError if none is left."""
    targets, marks = choose_targets(frame, cfg), [*cfg.marks, *cfg.missing]
    group = [cfg.group] if cfg.group else []
    settings = ("target", targets), ("ignore", cfg.ignore), ("names", cfg.names), ("group", group)
    for key, names in settings:
        for name in names:
            check_choice(f"data.{key}", name, frame.columns)
    unnamed = [c.name for c in frame if is_unnamed(c) and c.name not in [*targets, *cfg.names]]
    inputs = frame.drop(*{*targets, *cfg.ignore, *group, *unnamed})
    decimal = cfg.decimal or find_decimal(frame.drop(*{*cfg.ignore, *group}), marks)
    plan = choose(inputs, marks, decimal, cfg.names)
    plan.notes += [f"{name}: numbers of rows or nothing, left out" for name in unnamed]
    if not [*plan.numbers, *plan.names]:
        why = "; ".join(plan.notes) or "data.ignore names the others"
        raise UserError(f"no column is left to predict {targets[0]} from: {why}")
    for name in targets:
        numeric = name not in cfg.names and is_numeric(thin(frame)[name], marks, decimal)
        (plan.numbers if takes_numbers(name, numeric) else plan.names).append(name)
    return plan


def read_as(spec: Spec, inputs: bool = False) -> Plan:
    """Return how a run read its columns, or its `inputs` alone."""
    targets = [] if inputs else spec.list_targets()
    numbers = [*spec.numbers, *(name for name in targets if name not in spec.list_classes())]
    names = [*spec.names, *(name for name in targets if name in spec.list_classes())]
    return Plan(numbers, names, spec.dates, spec.decimal)


def tidy(table: Table, plan: Plan, targets: list[str], cfg: DataConfig) -> Table:
    """Return the rows that can be used, as numbers and names.

    A row without any target is left out where there are several, and a mistake where there is one.
    """
    check_columns(table, plan)
    marks, faults = [*cfg.marks, *cfg.missing], Faults(table)
    frame = parse(table, plan, marks, faults)
    lacking = frame.select(pl.all_horizontal(pl.col(targets).is_null())).to_series()
    if len(targets) == 1:
        faults.add(lacking, targets[0], "is missing")
    if not cfg.skip_broken:
        faults.refuse()
    kept = ~lacking
    kept[list(faults.told)] = False
    if count := len(kept) - kept.sum():
        told = "".join(f", {fault}" for fault in list(faults.told.values())[:3])
        plan.notes.append(f"{count} of {len(kept)} rows left out{told or ', without any target'}")
        print(plan.notes[-1], file=sys.stderr)
    frame = frame.with_columns(pl.Series(ROW, name_rows(frame).numpy()))
    if cfg.group:
        frame = frame.with_columns(to_names(table.frame[cfg.group], marks).alias(GROUP))
    return Table(frame.filter(kept), table.places.filter(kept))


def check_columns(table: Table, plan: Plan) -> None:
    """Raise UserError if a table lacks columns."""
    there = table.frame.columns
    if lacking := [name for name in [*plan.numbers, *plan.names] if name not in there]:
        file = table.places[0].rsplit(", ", 1)[0]
        raise UserError(f"{file} has no column {', '.join(lacking)}; it has {', '.join(there)}")


def hold_out(tables: dict[str, Table], classes: list[str], cfg: DataConfig) -> dict[str, Table]:
    """Return the rows of all parts, divided by `classes` where none are to evaluate on."""
    (frame, places), groups, labels = tables["train"], None, None
    if "evaluation" not in tables:
        rows = frame[ROW].to_list()
        if cfg.group:
            groups = [name or row for name, row in zip(frame[GROUP], rows, strict=True)]
        if classes:
            labels = frame.select(pl.concat_str(classes, separator=" ", ignore_nulls=True))
            labels = labels.to_series().to_list()
        test = None if "test" in tables else cfg.test
        divided = divide(rows, cfg.holdout, test, labels, groups)
        tables |= {part: Table(frame[chosen], places[chosen]) for part, chosen in divided.items()}
    return tables
