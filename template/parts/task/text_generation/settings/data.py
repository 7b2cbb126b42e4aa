"""Settings of `data`."""

from dataclasses import dataclass
#% if 'folder' in sources %#
from pathlib import Path
#% endif %#

#% if sources %#
from pydantic import NonNegativeInt, PositiveInt
#% else %#
from pydantic import PositiveInt
#% endif %#

from .types import OpenUnitInterval


@dataclass(kw_only=True)
class DataConfig:
    """The text; unless other text is named, the reference that comes with Python."""

    batch_size: PositiveInt = 64
    """blocks per process and micro-batch"""
    #% if sources %#
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """text file, table, folder of such, or one with `train` and `val` as files or folders"""
    #% endif %#
    #% if 'hub' in sources %#
    hf: str | None = None
    """dataset of the `datasets` library: a name on the hub, or a local path such as x.jsonl"""
    #% endif %#
    column: str = "text"
    """column of a table that holds the text; each row is a document"""
    encoding: str | None = None
    """that of files which don't begin with a mark of it, as latin-1; null is UTF-8"""
    #% if 'hub' in sources %#
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds text out"""
    #% endif %#
    holdout: OpenUnitInterval = 0.1
    """share of the text, drawn by what it says, to evaluate on where none is for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    block: PositiveInt = 128
    """bytes that are predicted at once, and so the furthest that the model looks back"""
    packed: bool = True
    """cut blocks from all documents one after another; false gives each document one block, cut or
    padded to its size, where a document is a file, a row or, of a file of text alone, a line"""
    limit: PositiveInt | None = None
    """most blocks that are used to train on, and most to evaluate on; null takes all"""
    #% if 'folder' in sources and 'hub' in sources %#

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
    #% endif %#
