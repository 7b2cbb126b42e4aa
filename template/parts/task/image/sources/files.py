"""Which files of a folder are images, and which entries are passed over."""

import os
from collections import Counter
from pathlib import Path

from PIL import Image

from ..core.errors import UserError

SYSTEM = {"__macosx", "@eadir", "$recycle.bin", "thumbs.db", "desktop.ini", "lost+found"}
"""what systems leave in folders, beside the entries whose names begin with a dot"""
UNREAD = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""formats that Pillow knows, and can't read without other programs"""
HIDDEN = "hidden or system entries"


def is_hidden(name: str) -> bool:
    """Return whether an entry is hidden, or one of a system's own."""
    return name.startswith(".") or name.lower() in SYSTEM


def find_images(folder: Path, passed: Counter) -> list[Path]:
    """Return the images in a folder and those below it, sorted, and count in what else there is.

    Links are followed, to each folder once, and to none above, which hold the other classes.
    """
    known = Image.registered_extensions()
    suffixes = {suffix for suffix, kind in known.items() if kind in Image.OPEN.keys() - UNREAD}
    seen, found = {str(above) for above in Path(os.path.realpath(folder)).parents}, []
    for place, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        passed[HIDDEN] += sum(map(is_hidden, (*folders, *files)))
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for file in (Path(place, name) for name in files if not is_hidden(name)):
            if file.suffix.lower() in suffixes:
                found.append(file)
            else:
                passed[file.suffix.lower() or "files without a suffix"] += 1
    return sorted(found)


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


def tell(passed: Counter) -> str:
    """Return what is passed over, in words."""
    return ", ".join(f"{what} x {count}" for what, count in sorted(passed.items()) if count)
