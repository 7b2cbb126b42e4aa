"""The data (yours to change): what a batch is and where it comes from."""

#% if sources %#
# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_config
from .settings.command import Command

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Command)

#% endif %#
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch import Tensor

#% if sources %#
from .core.errors import UserError, run_command, warn
#% else %#
from .core.errors import UserError, warn
#% endif %#
from .core.loader import Loader
from .settings.data import DataConfig
#% if 'folder' in sources %#
from .sources.folder import read_root
#% endif %#
#% if 'hub' in sources %#
from .sources.hub import read_hub
#% endif %#
from .sources.names import read_names
#% if sources %#
from .sources.overview import check
#% endif %#
from .sources.rows import Row, find_fault, split
from .sources.tables import read_texts
#% if sources %#
from .sources.texts import Spec, Texts, encode, show_texts
#% else %#
from .sources.texts import Spec, Texts, encode
#% endif %#
from .sources.tokens import choose_words, open_tokenizer


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the texts, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `tokens` [b, length], `count` [b] (tokens before the padding), `label` [b]
    and `key` [b]. With `known`, the classes, words and length are those of a run.
    """
    read = read_names
    #% if 'folder' in sources %#
    if cfg.root:
        read = read_root
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = read_hub
    #% endif %#
    rows, classes = split(read(cfg), cfg, known.classes if known else None)
    rows = {part: thin(each, cfg.limit) for part, each in rows.items()}
    if known:
        spec = replace(known, length=cfg.length or known.length)
    else:
        spec = measure(rows["train"], classes, cfg)
    texts = {part: Texts(each, spec) for part, each in rows.items()}
    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    loaders = {part: load(each) for part, each in texts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = load(texts["train"], accumulate=accumulate, shuffle=True, seed=seed)
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
#% if sources %#


def main(argv: list[str]) -> None:
    """Read all texts that the settings name, tell what there is, and show some."""
    cfg = parse_config(argv)
    check(
        lambda: build_loaders(cfg.data, cfg.seed),
        lambda sample, spec: [spec.classes[sample["label"]]],
        show_texts,
    )


if __name__ == "__main__":
    run_command(main)
#% endif %#
