"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .core.errors import UserError, attempt, run_command
from .core.loader import Loader
from .core.rng import mix
from .settings.data import DataConfig
from .sources.contact_sheet import draw_images
from .sources.files import list_images
from .sources.folder import read_folder
from .sources.hub import read_hub
from .sources.images import check_scale, normalize
from .sources.masks import UNLABELLED, Spec
from .sources.pixels import naming, open_image, to_mode
from .sources.scenes import read_scenes
from .task.augment import augment


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. `known` is what the model of a
    run knows already, whose classes and sizes are then used.

    A batch is a dict of `image` [b, c, h, w] (float32, normalised), `label` [b, h, w] (the class of
    each pixel, or 255) and `key` [b].
    """
    if cfg.root:
        parts, spec = read_folder(cfg, known)
    elif cfg.hf:
        parts, spec = read_hub(cfg, known)
    else:
        parts, spec = read_scenes(cfg)
    check_scale(cfg, spec)

    train, size, workers = parts["train"], cfg.batch_size, cfg.workers
    augmented, plain = partial(prepare, cfg=cfg, seed=seed), partial(prepare, cfg=cfg)
    loaders = {n: Loader(p, size, workers=workers, transform=plain) for n, p in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = Loader(train, size, accumulate, True, seed, workers, augmented)
    return loaders, spec


def prepare(
    batch: dict[str, Tensor], cfg: DataConfig, seed: int | None = None
) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; with a seed, augmented."""
    image, label = batch["image"].float() / 255, batch["label"].long()
    if seed is not None:
        image, label = augment(image, label, batch["key"], cfg.augment, mix(seed, "augment"))
    return batch | {"image": normalize(image, cfg.mean, cfg.std), "label": label}


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield each image file's name and a batch that holds it alone, or why it can't be read.

    It is whole, and scaled as the training images, of which the middle square was taken.
    """

    def read(file: Path) -> dict[str, Tensor]:
        with naming(file):
            image = to_mode(open_image(file), spec.channels, cfg)
        image = ImageOps.scale(image, spec.size / min(image.size), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.atleast_3d(np.array(image))).permute(2, 0, 1)
        return {"image": normalize(pixels[None].float() / 255, cfg.mean, cfg.std)}

    for file in list_images(path):
        yield str(file), attempt(read, file)


def name_classes(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the names of the classes that are in a sample."""
    found = sample["label"].unique().tolist()
    return [spec.classes[i] if i != UNLABELLED else "unlabelled" for i in found]


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    from .sources.overview import check  # here, because it imports this file

    check(argv, name_classes, draw_images)


if __name__ == "__main__":
    run_command(main)
