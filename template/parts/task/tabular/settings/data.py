"""Settings of `data`."""

from dataclasses import dataclass, field
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#
from typing import Literal

#% if sources %#
from pydantic import NonNegativeInt, PositiveInt
#% else %#
from pydantic import PositiveInt
#% endif %#

from .types import OpenUnitInterval

MARKS = ["na", "n/a", "#n/a", "#na", "<na>", "nan", "null", "none", "nil", "missing"]
MARKS += ["?", "-", "--", ".", "#value!", "#div/0!", "#ref!", "\\n"]
"""words, in small letters, that usually stand for a missing value"""
Test = OpenUnitInterval
#% if 'folder' in sources %#
Test |= Path
#% endif %#


@dataclass(kw_only=True)
class DataConfig:
    """The table; unless another is named, one that comes with scikit-learn."""

    batch_size: PositiveInt = 64
    """rows per process and micro-batch"""
    #% if sources %#
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """CSV, TSV, JSON or Parquet file, or a folder of such, those of `train` by themselves or not"""
    #% endif %#
    #% if 'hub' in sources %#
    hf: str | None = None
    """table of the `datasets` library: a name on the hub or a local path"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds rows out"""
    #% endif %#
    holdout: OpenUnitInterval = 0.2
    """share of the rows, drawn by what they hold, to evaluate on where there is no file for it"""
    test: Test | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    #% if 'folder' in sources %#
    evaluation: Path | None = None
    """file to evaluate on; `test` may be one, too"""
    #% endif %#
    group: str | None = None
    """column whose rows of the same value stay together where rows are held out, as a patient's"""
    #% if task == 'tabular_multitask' %#
    target: str | list[str] | None = None
    #% else %#
    target: str | None = None
    #% endif %#
    """column to predict; null takes the last"""
    ignore: list[str] = field(default_factory=list)
    """columns left out"""
    names: list[str] = field(default_factory=list)
    """columns whose numbers are names, targets too, and those of names that hardly repeat"""
    missing: list[str] = field(default_factory=list)
    """further words that mean a missing value, beside an empty one and `marks`"""
    marks: list[str] = field(default_factory=lambda: list(MARKS))
    """the usual words for it, in any case; `[]` where a class is named None, or a country NA"""
    decimal: Literal[".", ","] | None = None
    """sign before the decimals of a number; null finds it"""
    encoding: str | None = None
    """how files of text are encoded, as latin-1; null takes UTF-8, or what a file's mark says"""
    separator: str | None = None
    """what stands between the fields of a line; null finds a comma, semicolon, tab or |"""
    skip_broken: bool = False
    """leave out rows with a value that can't be used instead of refusing them"""
    #% if 'folder' in sources %#

    def __post_init__(self):
        #% if 'hub' in sources %#
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
        #% endif %#
        if not self.root and (self.evaluation or isinstance(self.test, Path)):
            raise ValueError("a file in data.evaluation or data.test goes with one in data.root")
    #% endif %#
