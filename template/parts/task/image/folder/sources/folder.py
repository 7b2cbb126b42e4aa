"""A folder of images per class, checked before a minute of training is spent on it."""

import logging
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ..core.errors import UserError
from .decoded import Decoded, find_class, tell_missing
from .files import HIDDEN, find_images, is_hidden, list_images, tell
from .folders import check_root, find_parts, list_folders
from .images import Spec
from .pixels import open_image
from .samples import Sample, check_parts, place, survey

log = logging.getLogger(__name__)

WANTED = "a folder with a folder of images per class, or with splits of that kind"
ALL = "all"
"""the class of images that have none"""


def read_folder(
    cfg: Any, known: Spec | None = None, flat: bool = False
) -> tuple[dict[str, Decoded], Spec]:
    """Return the images of the splits in `root` or, if there are none, of `root` divided.

    `cfg` is a DataConfig; the classes are those of `known`, a run's own spec, if it is given. If
    `flat`, one class will do, and images without a class are of `all`. Raises UserError for a
    folder that isn't as wanted, and for files that can't be read.
    """
    check_root(cfg.root, WANTED)
    passed: Counter = Counter()
    places = find_parts(cfg.root, passed)
    found = {part: list_classes(folder, passed, flat) for part, folder in places.items()}
    if passed.total():
        log.info("passed over: %s", tell(passed))
    classes = known.classes if known else choose_classes(found["train"], places["train"], flat)
    source = "the run" if known else places["train"]
    samples = [
        Sample(path, find_class(name, classes, places[part], source), part)
        for part, files in found.items()
        for name, paths in files.items()
        for path in paths
    ]
    samples, channels, size = survey(samples, read_sample, cfg, known)
    spec = Spec(classes, channels, size)
    names = [sample.image.relative_to(cfg.root).as_posix() for sample in samples]
    parts = place(samples, names, cfg, [sample.label for sample in samples])
    if not known:
        check_parts(parts, cfg.root)
    datasets = {}
    for part, rows in parts.items():
        chosen = [samples[row] for row in rows]
        tell_missing(part, [sample.label for sample in chosen], classes)
        marks = [f"{names[row]} {samples[row].size} {samples[row].label}" for row in rows]
        images = [sample.image for sample in chosen]
        datasets[part] = Decoded(partial(read_file, chosen), images, spec, cfg, marks)
    return datasets, spec


def read_sample(sample: Sample) -> Image.Image:
    """Return a sample's image."""
    return open_image(sample.image)


def read_file(samples: list[Sample], epoch: int, index: int) -> tuple[Image.Image, int]:
    """Return a sample's image and label, the same ones in each epoch."""
    return open_image(samples[index].image), samples[index].label


def list_classes(folder: Path, passed: Counter, flat: bool) -> dict[str, list[Path]]:
    """Return the images of each class folder, both in sorted order."""
    folders = list_folders(folder, passed)
    if flat and not folders:
        return {ALL: find_images(folder, passed)}
    for entry in folder.iterdir():
        passed[HIDDEN if is_hidden(entry.name) else "files beside the folders"] += entry.is_file()
    return {entry.name: find_images(entry, passed) for entry in folders}


def choose_classes(found: dict[str, list[Path]], folder: Path, flat: bool) -> list[str]:
    """Return the classes of the images to train on; UserError if they are too few, or empty."""
    if len(found) < 2 and not flat:
        beside = len(found) or "images and no"
        raise UserError(f"{folder} holds {beside} class folders; at least 2 are needed")
    for name, paths in found.items():
        if not paths:
            list_images(folder / name if name != ALL else folder)  # tells what is there instead
    return list(found)
