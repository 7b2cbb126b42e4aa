"""Files and folders that are whole or not there: written beside, synced to disk, renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from .errors import Fault, one_line


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield where to write a file, or a folder of files, that is then given the name `path`.

    Raises Fault if it can't be written; what had the name before still has it.
    """
    beside = path.with_name(f".{path.name}")
    remove(beside)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        for each in [*beside.glob("*"), beside]:
            sync(each)
    except (OSError, RuntimeError, SafetensorError) as error:
        remove(beside)
        reason = one_line(error)
        raise Fault(f"{path} can't be written: {reason}; what was saved before is whole") from None
    give_name(beside, path)


def give_name(beside: Path, path: Path) -> None:
    """Rename what is on disk; a folder that had the name is kept as `.old` until the next time."""
    if path.is_dir():
        remove(path.with_name(".old"))
        path.rename(path.with_name(".old"))
    beside.replace(path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there and can be."""
    shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk; Windows can't tell of a folder."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
