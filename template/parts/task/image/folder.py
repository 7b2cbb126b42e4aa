"""A folder of images per class, checked before a minute of training is spent on it."""

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from .errors import UserError
from .images import Decoded, Spec, check_images, count_channels, list_images, open_image
from .parts import divide


def read_folder(cfg: Any) -> tuple[dict[str, Decoded], Spec]:
    """Return the images of `root/train` and `root/test` or, if those aren't there, of `root` split.

    `cfg` is a DataConfig. Raises UserError for a missing folder, an empty class, an unreadable file
    and, without `channels`, for images with different numbers of channels.
    """
    root = cfg.root
    if (root / "train").is_dir() and (root / "test").is_dir():
        train, classes = list_samples(root / "train")
        evaluation, others = list_samples(root / "test")
        parts = {"train": train, "evaluation": evaluation}
        if odd := set(classes) ^ set(others):
            raise UserError(f"{root}: class {min(odd)} is in only one of train and test")
    else:
        samples, classes = list_samples(root)
        names = [path.relative_to(root).as_posix() for path, _ in samples]
        divided = divide(names, cfg.holdout, cfg.test, [label for _, label in samples])
        parts = {part: [samples[i] for i in rows] for part, rows in divided.items()}
    paths = [path for part in parts.values() for path, _ in part]
    check_images(paths, same_channels=cfg.channels is None)
    first = open_image(paths[0])
    spec = Spec(classes, cfg.channels or count_channels(first), cfg.size or min(first.size))
    for part, samples in parts.items():
        names = (f"{path.relative_to(root).as_posix()} {label}" for path, label in samples)
        parts[part] = Decoded(partial(read_file, samples), len(samples), spec, names)
    return parts, spec


def read_file(samples: list[tuple[Path, int]], epoch: int, index: int) -> tuple[Image.Image, int]:
    """Return a sample's image and label, the same ones in each epoch."""
    path, label = samples[index]
    return open_image(path), label


def list_samples(folder: Path) -> tuple[list[tuple[Path, int]], list[str]]:
    """Return the files with their labels and the names of the classes, both in sorted order."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; data.root wants one with a folder per class")
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    if len(classes) < 2:
        raise UserError(f"{folder} holds {len(classes)} class folders; at least 2 are needed")
    samples = [(p, label) for label, n in enumerate(classes) for p in list_images(folder / n)]
    return samples, classes
