"""The data (yours to change): what a batch is and where it comes from."""

#% if sources %#
# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_config
from .settings.command import Command

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Command)

#% endif %#
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

#% if sources %#
from .core.errors import UserError, run_command
#% else %#
from .core.errors import UserError
#% endif %#
from .core.loader import Loader
from .settings.data import DataConfig
#% if sources %#
from .sources.blocks import Blocks, Spec, join, show_blocks
#% else %#
from .sources.blocks import Blocks, Spec, join
#% endif %#
from .sources.documents import list_documents, read_document, read_topics
#% if 'folder' in sources %#
from .sources.folder import read_root
#% endif %#
#% if 'hub' in sources %#
from .sources.hub import read_hub
#% endif %#
#% if sources %#
from .sources.overview import check
#% endif %#
from .sources.pieces import hold_out


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the text, and what the model must know of it.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `text` [b, block + 1], `length` [b] and `key` [b], as Blocks gives it.
    With `known`, what a run's model knows, no part is shuffled.
    """
    read = read_topics
    #% if 'folder' in sources %#
    if cfg.root:
        read = read_root
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = read_hub
    #% endif %#
    documents = read(cfg)
    if "evaluation" not in documents:
        documents |= hold_out(documents["train"], cfg.holdout, cfg.test, whole=not cfg.packed)
    texts = {part: join(each) for part, each in documents.items()}
    parts = {p: Blocks(text, cfg.block, cfg.packed, cfg.limit) for p, text in texts.items()}
    for part, blocks in parts.items():
        if not len(blocks):
            raise UserError(f"there is no text in the part for {part}")
    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    loaders = {part: load(each) for part, each in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = load(parts["train"], accumulate=accumulate, shuffle=True, seed=seed)
    return loaders, Spec(cfg.block)


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield the name of each file of text and a batch of all its blocks.

    In place of one that can't be read, or is empty, stands the error.
    """
    for file in list_documents(path):
        try:
            documents = read_document(file, cfg.column, cfg.encoding)
        except UserError as error:
            yield str(file), error
            continue
        blocks = Blocks(join(documents)[:-1], spec.block, packed=True)
        found = blocks[list(range(len(blocks)))] if len(blocks) else None
        yield str(file), found or UserError(f"there is no text in {file}")
#% if sources %#


def main(argv: list[str]) -> None:
    """Read all text that the settings name, tell how much there is, and show some."""
    cfg = parse_config(argv)

    def kind(sample: dict[str, Tensor], spec: Spec) -> list[str]:
        return ["whole" if sample["length"] == spec.block else "padded"]

    check(
        lambda: build_loaders(cfg.data, cfg.seed),
        kind,
        lambda samples, spec, folder: show_blocks(samples),
    )


if __name__ == "__main__":
    run_command(main)
#% endif %#
