"""Settings of `data`."""

from dataclasses import dataclass, field
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt


@dataclass(kw_only=True)
class DataConfig:
    """The texts; without `root` and `hf` names of characters, with the kinds of these."""

    batch_size: PositiveInt = 64
    """texts per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for short texts"""
    root: Path | None = None
    """table (.csv, .tsv, .jsonl, .json, .parquet), folder of some, or with a folder per label"""
    hf: str | None = None
    """dataset of the `datasets` library: a name on the hub, or a local path such as x.parquet"""
    text: str = "text"
    """column that holds the text"""
    label: str = "label"
    """column that holds the label"""
    group: str | None = None
    """column whose values, as an author, are each in one part only, where texts are held out"""
    encoding: str | None = None
    """that of files which don't begin with a mark of it, as latin-1; null is UTF-8"""
    separator: str | None = None
    """what stands between the fields of a .csv; null finds it"""
    missing: list[str] = field(default_factory=list)
    """words in place of a label that mean that there is none"""
    skip_broken: bool = False
    """leave rows out that can't be read, or have no text or no label to train on"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds texts out"""
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

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
