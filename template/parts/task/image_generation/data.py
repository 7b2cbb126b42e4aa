"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt
from torch import Tensor

from .augment import AugmentConfig, augment
from .errors import run_command
from .folder import read_folder
from .hub import read_hub
from .images import Spec, list_images, open_image, read_digits, to_pixels
from .loader import Loader
from .rng import mix
from .sheet import draw_images


@dataclass(kw_only=True)
class DataConfig:
    """The images; without `root` and `hf` the 1,797 digits that come with scikit-learn."""

    batch_size: PositiveInt = 64
    """images per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    root: Path | None = None
    """folder with a folder of images per class, or with `train` and `test` folders of that kind"""
    hf: str | None = None
    """image dataset of the `datasets` library: a name on the hub or a local path"""
    streaming: bool = False
    """read `hf` as a stream, in the order of a shuffle buffer, without storing it"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds images out"""
    train_examples: PositiveInt | None = None
    """images of one epoch; needed for a stream that doesn't tell its length"""
    eval_examples: PositiveInt | None = None
    """images of one evaluation; needed for a stream that doesn't tell its length"""
    holdout: OpenUnitInterval = 0.2
    """share of the images, drawn by their names, to evaluate on where there is no split for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    size: PositiveInt | None = None
    """side of the square images, in pixels; null takes the shorter side of the first one"""
    channels: PositiveInt | None = None
    """1 (gray) or 3 (RGB), images are converted; null takes those of the first image"""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """random changes of the training images, which the generated ones then show as well"""

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")
        if self.streaming and not self.hf:
            raise ValueError("data.streaming reads a dataset of data.hf, which is null")
        if self.channels not in (None, 1, 3):
            raise ValueError(f"data.channels is {self.channels}; allowed: 1, 3, null")


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `image` [b, c, h, w] (float32, in [-1, 1]), `label` [b], `key` [b] and
    `draw` [b], the seed of all that is drawn for the image.
    """
    if cfg.root:
        parts, spec = read_folder(cfg)
    elif cfg.hf:
        parts, spec = read_hub(cfg, seed)
    else:
        parts, spec = read_digits(cfg)

    shuffle = not cfg.streaming  # a stream shuffles itself
    train, size, workers = parts["train"], cfg.batch_size, cfg.workers
    augmented, plain = (partial(prepare, cfg=cfg, seed=seed, train=t) for t in (True, False))
    loaders = {n: Loader(p, size, workers=workers, transform=plain) for n, p in parts.items()}
    loaders["train"] = Loader(train, size, accumulate, shuffle, seed, workers, augmented)
    return loaders, spec


def prepare(batch: dict[str, Tensor], cfg: DataConfig, seed: int, train: bool) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; if to train on, images augmented."""
    image = batch["image"].float() / 255
    if train:
        image = augment(image, batch["key"], cfg.augment, mix(seed, "augment"))
    return batch | {"image": 2 * image - 1, "draw": batch["key"] + mix(seed, "draw", train)}


def read_inputs(path: Path, cfg: DataConfig, spec: Spec) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the name of each image file and a batch that holds it alone, as of the first class."""
    zero = torch.zeros(1, dtype=torch.long)
    for file in list_images(path):
        pixels = to_pixels(open_image(file), spec)
        batch = {"image": pixels[None], "label": zero, "key": zero}
        yield str(file), prepare(batch, cfg, seed=0, train=False)


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    from .check import check  # here, because it imports this file

    check(argv, lambda sample, spec: [spec.classes[sample["label"]]], draw_images)


if __name__ == "__main__":
    run_command(main)
