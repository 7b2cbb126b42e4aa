"""Settings of `data`."""

#% if sources %#
from dataclasses import dataclass, field
#% else %#
from dataclasses import dataclass
#% endif %#
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
    """The texts; unless others are named, names of characters, with the kinds of these."""

    batch_size: PositiveInt = 64
    """texts per process and micro-batch"""
    #% if sources %#
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for short texts"""
    #% endif %#
    #% if 'folder' in sources %#
    root: Path | None = None
    """table (.csv, .tsv, .jsonl, .json, .parquet), folder of some, or with a folder per label"""
    #% endif %#
    #% if 'hub' in sources %#
    hf: str | None = None
    """dataset of the `datasets` library: a name on the hub, or a local path such as x.parquet"""
    #% endif %#
    text: str = "text"
    """column that holds the text"""
    #% if sources %#
    label: str = "label"
    """column that holds the label"""
    group: str | None = None
    """column whose values, as an author, are each in one part only, where texts are held out"""
    #% endif %#
    encoding: str | None = None
    """that of files which don't begin with a mark of it, as latin-1; null is UTF-8"""
    separator: str | None = None
    """what stands between the fields of a .csv; null finds it"""
    #% if sources %#
    missing: list[str] = field(default_factory=list)
    """words in place of a label that mean that there is none"""
    skip_broken: bool = False
    """leave rows out that can't be read, or have no text or no label to train on"""
    #% endif %#
    #% if 'hub' in sources %#
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds texts out"""
    #% endif %#
    holdout: OpenUnitInterval = 0.2
    """share of the texts, drawn by what they say, to evaluate on where there is no file for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    limit: PositiveInt | None = None
    """most texts that are used to train on, and most to evaluate on; null takes all"""
    tokenizer: str | None = None
    """tokenizer of transformers, on the hub or in a local folder; null takes whole words"""
    vocabulary: PositiveInt = 8192
    """most words that are known, of those that come twice in training, without a tokenizer"""
    length: PositiveInt | None = None
    """tokens a text is cut or padded to; null takes the most of a training text, at most 512"""
    #% if 'folder' in sources and 'hub' in sources %#

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
    #% endif %#
