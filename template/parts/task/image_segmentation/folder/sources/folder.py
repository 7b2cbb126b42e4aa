"""A folder of images and their masks, checked before a minute of training is spent on it."""

import logging
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from ..core.errors import UserError
from .decoded import Decoded
from .files import find_images, list_images, tell
from .folders import check_root, find_parts, list_folders
from .labels import check_size, find_classes, read_mask, to_label
from .masks import Spec
from .pixels import open_image
from .samples import Sample, check_parts, place, survey

log = logging.getLogger(__name__)

WANTED = "a folder with images and masks, or with splits of that kind"
IMAGES = ("images", "image", "imgs", "img")
MASKS = ("masks", "mask", "labels", "label", "annotations", "annotation")
"""what the two folders are called, in any case"""
ENDING = re.compile("[_-](masks?|gt|labels?|seg)$")
"""what the name of a mask may have behind that of its image"""


def read_folder(cfg: Any, known: Spec | None = None) -> tuple[dict[str, Decoded], Spec]:
    """Return the images of the splits in `root` or, if there are none, of `root` divided.

    `cfg` is a DataConfig; the classes are those of `known`, a run's own spec, if it is given.
    Raises UserError for a missing folder or mask, and for files that can't be read.
    """
    check_root(cfg.root, WANTED)
    passed: Counter = Counter()
    samples = [
        Sample(image, mask, part)
        for part, folders in list_places(cfg.root, passed).items()
        for image, mask in list_pairs(*folders, passed)
    ]
    if passed.total():
        log.info("passed over: %s", tell(passed))
    samples, channels, size = survey(samples, read_whole, cfg, known)
    names = [sample.image.relative_to(cfg.root).as_posix() for sample in samples]
    parts = place(samples, names, cfg)
    if known:
        spec = Spec(known.classes, channels, size, known.binary)
    else:
        check_parts(parts, cfg.root)
        train, others = (
            (read_mask(open_image(sample.label), str(sample.label)) for sample in chosen)
            for chosen in (
                [samples[row] for row in parts["train"]],
                [samples[row] for part in parts if part != "train" for row in parts[part]],
            )
        )
        classes, binary = find_classes(train, others, cfg.classes)
        spec = Spec(classes, channels, size, binary)
    datasets = {}
    for part, rows in parts.items():
        chosen = [samples[row] for row in rows]
        marks = [
            f"{names[row]} {samples[row].size} {samples[row].label.stat().st_size}" for row in rows
        ]
        images = [sample.image for sample in chosen]
        datasets[part] = Decoded(partial(read_pair, chosen, spec), images, spec, cfg, marks)
    return datasets, spec


def read_whole(sample: Sample) -> Image.Image:
    """Return an image that has a mask that can be read, of its size."""
    image, mask = open_image(sample.image), open_image(sample.label)
    read_mask(mask, str(sample.label))
    check_size(mask, image, str(sample.label))
    return image


def read_pair(
    samples: list[Sample], spec: Spec, epoch: int, index: int
) -> tuple[Image.Image, Tensor]:
    """Return an image and its label [size, size], the same ones in each epoch."""
    path, name = samples[index].image, str(samples[index].label)
    image = open_image(path)
    return image, to_label(open_image(samples[index].label), image, spec, name)


def find_folder(folder: Path, names: tuple[str, ...], passed: Counter) -> Path:
    """Return the folder of one of the names, in any case; raise UserError if there is none."""
    there = {entry.name.lower(): entry for entry in list_folders(folder, passed)}
    for name in names:
        if name in there:
            return there[name]
    raise UserError(f"{folder / names[0]} is not a folder; data.root wants {WANTED}")


def list_places(root: Path, passed: Counter) -> dict[str, list[Path]]:
    """Return the folders of images and of masks of each part.

    Splits are folders with both, or folders in both.
    """
    places = {
        part: [find_folder(folder, names, passed) for names in (IMAGES, MASKS)]
        for part, folder in find_parts(root, passed).items()
    }
    if len(places) == 1:
        images, masks = (find_parts(folder, Counter()) for folder in places["train"])
        if len(images) > 1 and images.keys() == masks.keys():
            return {part: [images[part], masks[part]] for part in images}
    return places


def list_pairs(images: Path, masks: Path, passed: Counter) -> list[tuple[Path, Path]]:
    """Return the images of a folder, sorted, each with the mask of its name.

    Suffixes may differ, and the case of letters; a mask's name may end in `_mask` or the like.
    """
    named: dict[str, Path] = {}
    for path in find_images(masks, passed):
        other = named.setdefault(path.relative_to(masks).with_suffix("").as_posix().lower(), path)
        if other != path:
            raise UserError(f"{path} and {other} are masks of the same name")
    found = {ENDING.sub("", name): path for name, path in named.items()} | named
    pairs = []
    for path in find_images(images, passed) or list_images(images):
        inside = path.relative_to(images).with_suffix("")
        if (mask := found.get(inside.as_posix().lower())) is None:
            raise UserError(f"{path} has no mask: {masks / inside}.* is not there")
        pairs.append((path, mask))
    if lone := len(named) - len({mask for _, mask in pairs}):
        passed["masks without an image"] += lone
    return pairs
