"""A folder of images per class, checked before a minute of training is spent on it."""

from functools import partial
from pathlib import Path

from PIL import Image

from .errors import UserError
from .images import Decoded, Spec, check_images, count_channels, list_images, open_image
from .rng import hold_out


def read_folder(
    root: Path, holdout: float, channels: int | None, size: int | None
) -> tuple[Decoded, Decoded, Spec]:
    """Return the images of `root/train` and `root/test` or, if those aren't there, of `root` split.

    Raises UserError for a missing folder, an empty class, an unreadable file and, if `channels` is
    None, for images with different numbers of channels.
    """
    if (root / "train").is_dir() and (root / "test").is_dir():
        train, classes = list_samples(root / "train")
        evaluation, others = list_samples(root / "test")
        if odd := set(classes) ^ set(others):
            raise UserError(f"{root}: class {min(odd)} is in only one of train and test")
    else:
        samples, classes = list_samples(root)
        kept, held_out = hold_out(len(samples), holdout)
        train, evaluation = [samples[i] for i in kept], [samples[i] for i in held_out]
    check_images([path for path, _ in train + evaluation], same_channels=channels is None)
    first = open_image(train[0][0])
    spec = Spec(classes, channels or count_channels(first), size or min(first.size))
    parts = (Decoded(partial(read_file, part), len(part), spec) for part in (train, evaluation))
    return *parts, spec


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
