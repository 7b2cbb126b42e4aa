"""Which files of a folder are images, which are passed over, and which can't be read."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ..core.errors import UserError, attempt
from .split import SPLITS, find_splits

log = logging.getLogger(__name__)

SYSTEM = {"__macosx", "@eadir", "$recycle.bin", "thumbs.db", "desktop.ini", "lost+found"}
"""what systems leave in folders, beside the entries whose names begin with a dot"""
UNREAD = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""formats that Pillow knows, and can't read without other programs"""
NAMED = 8
"""broken files that are named"""


def find_suffixes() -> set[str]:
    """Return the suffixes, in lower case, of the images that Pillow can open here."""
    known = Image.registered_extensions()
    return {suffix for suffix, kind in known.items() if kind in Image.OPEN.keys() - UNREAD}


def is_hidden(name: str) -> bool:
    """Return whether an entry is hidden, or one of a system's own."""
    return name.startswith(".") or name.lower() in SYSTEM


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
    passed["hidden or system entries"] += len(found) - len(shown)
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


def walk(folder: Path, passed: Counter) -> Iterator[Path]:
    """Yield the files in a folder and those below it, through links, each folder once."""
    # A link to one of the folders above leads to the other classes.
    seen = {str(above) for above in Path(os.path.realpath(folder)).parents}
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        hidden = [name for name in (*folders, *files) if is_hidden(name)]
        passed["hidden or system entries"] += len(hidden)
        folders[:] = sorted(set(folders).difference(hidden))
        yield from (Path(place, name) for name in files if not is_hidden(name))


def list_images(path: Path) -> list[Path]:
    """Return an image file, or the sorted ones in a folder; raise UserError if there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path} is not there; an image, or a folder of them, is wanted")
    passed: Counter = Counter()
    if not (found := find_images(path, passed)):
        there = f"; it holds {tell(passed)}" if passed.total() else ""
        raise UserError(f"no image in {path}{there}; allowed: what Pillow opens, as .jpg and .png")
    return found


def find_images(folder: Path, passed: Counter) -> list[Path]:
    """Return the images in a folder and those below it, sorted, and count in what else there is."""
    found, suffixes = [], find_suffixes()
    for file in walk(folder, passed):
        if file.suffix.lower() in suffixes:
            found.append(file)
        else:
            passed[file.suffix.lower() or "files without a suffix"] += 1
    return sorted(found)


def tell(passed: Counter) -> str:
    """Return what is passed over, in words."""
    return ", ".join(f"{what} x {count}" for what, count in sorted(passed.items()) if count)


def sift(samples: Sequence[Any], read: Callable[[Any], Any], skip: bool) -> list[tuple[Any, Any]]:
    """Return the samples that can be read, each with what `read` gives.

    Without `skip`, or if none is left, those that can't are a UserError that names some.
    """
    with ThreadPoolExecutor(None if skip else 1) as pool:  # heads alone are slower in several
        given = pool.map(partial(attempt, read), samples)
    pairs = list(zip(samples, given, strict=True))
    broken = [str(result) for _, result in pairs if isinstance(result, UserError)]
    if broken:
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        told = f"{len(broken)} of {len(samples)} can't be used: {'; '.join(broken[:NAMED])}{more}"
        if not skip or len(broken) == len(samples):
            raise UserError(f"{told}; data.skip_broken leaves such out")
        log.warning("left out: %s", told)
    return [(sample, result) for sample, result in pairs if not isinstance(result, UserError)]
