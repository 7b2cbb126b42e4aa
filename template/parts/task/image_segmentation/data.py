"""The data (yours to change): what a batch is and where it comes from."""

#% if sources %#
# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_config
from .settings.command import Command

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Command)

#% endif %#
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

#% if sources %#
from .core.errors import UserError, attempt, run_command
#% else %#
from .core.errors import UserError, attempt
#% endif %#
from .core.loader import Loader
#% if 'augment' in extras %#
from .core.rng import mix
from .extras.augment import augment
#% endif %#
from .settings.data import DataConfig
#% if sources %#
from .sources.contact_sheet import draw_images, name_classes
#% endif %#
from .sources.files import list_images
#% if 'folder' in sources %#
from .sources.folder import read_folder
#% endif %#
#% if 'hub' in sources %#
from .sources.hub import read_hub
#% endif %#
from .sources.images import check_scale, normalize
from .sources.masks import Spec
#% if sources %#
from .sources.overview import check
#% endif %#
from .sources.pixels import naming, open_image, to_mode
from .sources.scenes import read_scenes


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. `known` is what the model of a
    run knows already, whose classes and sizes are then used.

    A batch is a dict of `image` [b, c, h, w] (float32, normalised), `label` [b, h, w] (the class of
    each pixel, or 255) and `key` [b].
    """
    read = read_scenes
    #% if 'folder' in sources %#
    if cfg.root:
        read = partial(read_folder, known=known)
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = partial(read_hub, known=known)
    #% endif %#
    parts, spec = read(cfg)
    check_scale(cfg, spec)

    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    changed = plain = partial(prepare, cfg=cfg)
    #% if 'augment' in extras %#
    changed = partial(change, cfg=cfg, seed=seed)
    #% endif %#
    loaders = {name: load(part, transform=plain) for name, part in parts.items()}
    if not known:  # then there is something to learn
        learn = partial(load, accumulate=accumulate, shuffle=True, seed=seed)
        loaders["train"] = learn(parts["train"], transform=changed)
    return loaders, spec


def prepare(batch: dict[str, Tensor], cfg: DataConfig) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device."""
    image = normalize(batch["image"].float() / 255, cfg.mean, cfg.std)
    return batch | {"image": image, "label": batch["label"].long()}


#% if 'augment' in extras %#
def change(batch: dict[str, Tensor], cfg: DataConfig, seed: int) -> dict[str, Tensor]:
    """Return a batch to train on as the model wants it, changed at random."""
    image, label = batch["image"].float() / 255, batch["label"].long()
    image, label = augment(image, label, batch["key"], cfg.augment, mix(seed, "augment"))
    return batch | {"image": normalize(image, cfg.mean, cfg.std), "label": label}


#% endif %#
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
#% if sources %#


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    cfg = parse_config(argv)
    check(lambda: build_loaders(cfg.data, cfg.seed), name_classes, draw_images)


if __name__ == "__main__":
    run_command(main)
#% endif %#
