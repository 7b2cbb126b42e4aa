"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt
from PIL import Image, ImageOps
from torch import Tensor

from .augment import AugmentConfig, augment
from .errors import run_command
from .folder import read_folder
from .hub import read_hub
from .images import MODES, Spec, list_images, open_image
from .loader import Loader
from .masks import UNLABELLED
from .rng import mix
from .scenes import read_scenes
from .sheet import draw_images


@dataclass(kw_only=True)
class DataConfig:
    """Images with masks; without `root` and `hf` scenes of the digits of scikit-learn."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    scenes: PositiveInt = 2048
    """scenes to train on, where there is neither `root` nor `hf`"""
    root: Path | None = None
    """folder of `images` and `masks` (PNG, named alike), or with `train` and `test` of that kind"""
    hf: str | None = None
    """dataset of the `datasets` library with images and masks: a name on the hub or a local path"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds images out"""
    holdout: OpenUnitInterval = 0.2
    """share of the images, drawn by their names, to evaluate on where there is no split for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    classes: list[str] | None = None
    """names of the values 0, 1, ... of a mask (255 is unlabelled); null reads all masks to count"""
    size: PositiveInt | None = None
    """side of the square images, in pixels; null takes the shorter side of the first one"""
    channels: PositiveInt | None = None
    """1 (gray) or 3 (RGB), images are converted; null takes those of the first image"""
    mean: float = 0.5
    """subtracted from the pixels, which lie in [0, 1]"""
    std: float = 0.25
    """divides the pixels after that"""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images"""

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
        if self.classes is not None and not 2 <= len(self.classes) <= UNLABELLED:
            raise ValueError(f"data.classes holds {len(self.classes)} names; allowed: 2 to 255")
        if self.channels not in (None, 1, 3):
            raise ValueError(f"data.channels is {self.channels}; allowed: 1, 3, null")


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `image` [b, c, h, w] (float32, normalised), `label` [b, h, w] (the class of
    each pixel, or 255) and `key` [b].
    """
    if cfg.root:
        parts, spec = read_folder(cfg)
    elif cfg.hf:
        parts, spec = read_hub(cfg)
    else:
        parts, spec = read_scenes(cfg)

    train, size, workers = parts["train"], cfg.batch_size, cfg.workers
    augmented, plain = partial(prepare, cfg=cfg, seed=seed), partial(prepare, cfg=cfg)
    loaders = {n: Loader(p, size, workers=workers, transform=plain) for n, p in parts.items()}
    loaders["train"] = Loader(train, size, accumulate, True, seed, workers, augmented)
    return loaders, spec


def prepare(
    batch: dict[str, Tensor], cfg: DataConfig, seed: int | None = None
) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; with a seed, augmented."""
    image, label = batch["image"].float() / 255, batch["label"].long()
    if seed is not None:
        image, label = augment(image, label, batch["key"], cfg.augment, mix(seed, "augment"))
    return batch | {"image": (image - cfg.mean) / cfg.std, "label": label}


def read_inputs(path: Path, cfg: DataConfig, spec: Spec) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the name of each image file and a batch that holds it alone.

    It is whole, and scaled as the training images, of which the middle square was taken.
    """
    for file in list_images(path):
        image = open_image(file).convert(MODES[spec.channels])
        image = ImageOps.scale(image, spec.size / min(image.size), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.atleast_3d(np.array(image))).permute(2, 0, 1)
        yield str(file), {"image": (pixels[None].float() / 255 - cfg.mean) / cfg.std}


def name_classes(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the names of the classes that are in a sample."""
    found = sample["label"].unique().tolist()
    return [spec.classes[i] if i != UNLABELLED else "unlabelled" for i in found]


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    from .check import check  # here, because it imports this file

    check(argv, name_classes, draw_images)


if __name__ == "__main__":
    run_command(main)
