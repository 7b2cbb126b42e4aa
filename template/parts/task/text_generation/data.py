"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from .core.errors import UserError, run_command
from .core.loader import Loader
from .settings.data import DataConfig
from .sources.blocks import Blocks, Spec, join, show_blocks
from .sources.documents import list_documents, read_document, read_root, read_topics
from .sources.hub import read_hub
from .sources.pieces import hold_out


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the text, and what the model must know of it.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `text` [b, block + 1], `length` [b] and `key` [b], as Blocks gives it.
    With `known`, what a run's model knows, no part is shuffled.
    """
    if cfg.root:
        documents = read_root(cfg.root, cfg.column, cfg.encoding, lines=not cfg.packed)
    elif cfg.hf:
        documents = read_hub(cfg.hf, cfg.column, cfg.train_split, cfg.eval_split)
    else:
        documents = {"train": read_topics()}

    if not any(documents["train"]):
        raise UserError(f"there is no text to train on in {cfg.root or cfg.hf}")
    if "evaluation" not in documents:
        documents |= hold_out(documents["train"], cfg.holdout, cfg.test, whole=not cfg.packed)
    texts = {part: join(each) for part, each in documents.items()}
    parts = {p: Blocks(text, cfg.block, cfg.packed, cfg.limit) for p, text in texts.items()}
    for part, blocks in parts.items():
        if not len(blocks):
            raise UserError(f"there is no text in the part for {part}")
    size, workers = cfg.batch_size, cfg.workers
    loaders = {part: Loader(each, size, workers=workers) for part, each in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = Loader(parts["train"], size, accumulate, True, seed, workers)
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


def main(argv: list[str]) -> None:
    """Read all text that the settings name, tell how much there is, and show some."""
    from .sources.overview import check  # here, because it imports this file

    def kind(sample: dict[str, Tensor], spec: Spec) -> list[str]:
        return ["whole" if sample["length"] == spec.block else "padded"]

    check(argv, kind, lambda samples, spec, folder: show_blocks(samples))


if __name__ == "__main__":
    run_command(main)
