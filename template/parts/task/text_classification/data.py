"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt
from torch import Tensor

from .core.errors import UserError, run_command, warn
from .core.loader import Loader
from .sources.hub import read_hub
from .sources.names import read_names
from .sources.rows import Part, Row, find_fault, split
from .sources.tables import read_root, read_texts
from .sources.texts import Spec, Texts, encode, show_texts
from .sources.tokens import choose_words, open_tokenizer


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


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the texts, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `tokens` [b, length], `count` [b] (tokens before the padding), `label` [b]
    and `key` [b]. With `known`, the classes, words and length are those of a run.
    """
    if cfg.root:
        parts = read_root(cfg.root, cfg)
    elif cfg.hf:
        parts = read_hub(cfg)
    else:
        parts = {"train": Part("the names", read_names())}

    classes = known.classes if known else None
    rows, classes = split(parts, cfg.holdout, cfg.test, cfg.skip_broken, classes)
    rows = {part: thin(each, cfg.limit) for part, each in rows.items()}
    if known:
        spec = replace(known, length=cfg.length or known.length)
    else:
        spec = measure(rows["train"], classes, cfg)
    texts = {part: Texts(each, spec) for part, each in rows.items()}
    size, workers = cfg.batch_size, cfg.workers
    loaders = {part: Loader(each, size, workers=workers) for part, each in texts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = Loader(texts["train"], size, accumulate, True, seed, workers)
    return loaders, spec


def thin(rows: list[Row], limit: int | None) -> list[Row]:
    """Return at most so many of the rows, spread evenly over them, for they may be sorted."""
    count = min(limit or len(rows), len(rows))
    return [rows[number * len(rows) // count] for number in range(count)]


def measure(rows: list[Row], classes: list[str], cfg: DataConfig) -> Spec:
    """Return what the model must know of texts like these rows."""
    texts = [row.text for row in rows]
    words = [] if cfg.tokenizer else choose_words(texts, cfg.vocabulary)
    tokenizer = open_tokenizer(cfg.tokenizer, words)
    most = cfg.length or tokenizer.longest
    counts = list(map(len, tokenizer.encode(texts, most + 1)))
    if cut := sum(count > most for count in counts):
        warn(f"{cut} of {len(texts)} texts to train on are cut to {most} tokens (data.length)")
    length = cfg.length or min(max(counts), most)
    return Spec(classes, cfg.tokenizer, words, tokenizer.size, tokenizer.padding, length)


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield the place of each text, a row or a line of text, and a batch that holds it alone.

    In place of one that can't be read stands the error.
    """
    tokenizer = open_tokenizer(spec.tokenizer, spec.words)
    for row in read_texts(path, cfg):
        if fault := find_fault(row, None):
            yield row.place, UserError(f"{row.place} {fault}")
        else:
            yield row.place, encode([row.text], tokenizer, spec)


def main(argv: list[str]) -> None:
    """Read all texts that the settings name, tell what there is, and show some."""
    from .sources.overview import check  # here, because it imports this file

    check(argv, lambda sample, spec: [spec.classes[sample["label"]]], show_texts)


if __name__ == "__main__":
    run_command(main)
