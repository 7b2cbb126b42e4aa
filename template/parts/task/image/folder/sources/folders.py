"""Folders of images: whether there is one, and which folders in it are splits."""

import logging
from collections import Counter
from pathlib import Path

from ..core.errors import UserError
from .files import HIDDEN, is_hidden
from .split import SPLITS, find_splits

log = logging.getLogger(__name__)


def check_root(root: Path, wanted: str) -> None:
    """Raise UserError, saying what is wanted, if `root` is no folder or there is nothing in it."""
    if not root.exists():
        raise UserError(f"{root} is not there; data.root wants {wanted}")
    if not root.is_dir():
        raise UserError(f"{root} is a file, not a folder; data.root wants {wanted}, unpacked")
    if all(is_hidden(entry.name) for entry in root.iterdir()):
        raise UserError(f"{root} is empty; data.root wants {wanted}")


def list_folders(folder: Path, passed: Counter) -> list[Path]:
    """Return the folders in a folder, sorted; count the hidden ones among those passed over."""
    found = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    shown = [entry for entry in found if not is_hidden(entry.name)]
    passed[HIDDEN] += len(found) - len(shown)
    return shown


def find_parts(root: Path, passed: Counter) -> dict[str, Path]:
    """Return the folder of each part, if `root` holds splits, or else `root` to be divided.

    Raises UserError for splits without one to train on.
    """
    folders = list_folders(root, passed)
    names = [folder.name for folder in folders]
    found = find_splits(names)
    if found and (len(found) > 1 or len(folders) == 1):  # else there is a class named train
        others = [name for name in names if name not in found.values()]
        passed[f"folders beside the splits ({', '.join(others)})"] += len(others)
        log.info("splits: %s", ", ".join(f"{name} for {part}" for part, name in found.items()))
        return {part: root / name for part, name in found.items()}
    words = [word for known in SPLITS.values() for word in known]
    if names and not found and all(name.lower() in words for name in names):
        raise UserError(f"{root} holds {', '.join(names)}, but no train to learn from")
    return {"train": root}
