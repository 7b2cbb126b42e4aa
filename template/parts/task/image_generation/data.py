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

import torch
from torch import Tensor

#% if sources %#
from .core.errors import UserError, attempt, run_command
#% else %#
from .core.errors import UserError, attempt
#% endif %#
from .core.loader import Loader
from .core.rng import mix
#% if 'augment' in extras %#
from .extras.augment import augment
#% endif %#
from .settings.data import DataConfig
#% if sources %#
from .sources.contact_sheet import draw_images
#% endif %#
from .sources.files import list_images
#% if 'folder' in sources %#
from .sources.folder import read_folder
#% endif %#
#% if 'hub' in sources %#
from .sources.hub import read_hub
#% endif %#
from .sources.images import Spec, read_digits, read_pixels
#% if sources %#
from .sources.overview import check
#% endif %#
#% if 'stream' in sources %#
from .sources.stream import read_stream
#% endif %#


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. `known` is what the model of a
    run knows already, whose classes and sizes are then used.

    A batch is a dict of `image` [b, c, h, w] (float32, in [-1, 1]), `label` [b], `key` [b] and
    `draw` [b], the seed of all that is drawn for the image.
    """
    read = read_digits
    #% if 'folder' in sources %#
    if cfg.root:
        read = partial(read_folder, known=known, flat=True)
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = partial(read_hub, known=known, flat=True)
    #% endif %#
    #% if 'stream' in sources %#
    if cfg.streaming:
        read = partial(read_stream, seed=seed, known=known, flat=True)
    #% endif %#
    parts, spec = read(cfg)

    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    changed, plain = (partial(prepare, cfg=cfg, seed=seed, train=each) for each in (True, False))
    loaders = {name: load(part, transform=plain) for name, part in parts.items()}
    if not known:  # then there is something to learn
        learn = partial(load, accumulate=accumulate, shuffle=True, seed=seed)
        #% if 'stream' in sources %#
        learn = partial(learn, shuffle=not cfg.streaming)  # a stream shuffles itself
        #% endif %#
        loaders["train"] = learn(parts["train"], transform=changed)
    return loaders, spec


def prepare(batch: dict[str, Tensor], cfg: DataConfig, seed: int, train: bool) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; `train` if to train on."""
    image = batch["image"].float() / 255
    #% if 'augment' in extras %#
    if train:
        image = augment(image, batch["key"], cfg.augment, mix(seed, "augment"))
    #% endif %#
    return batch | {"image": 2 * image - 1, "draw": batch["key"] + mix(seed, "draw", train)}


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield each image file's name and a batch that holds it alone, or why it can't be read.

    It is taken as one of the first class.
    """
    zero = torch.zeros(1, dtype=torch.long)

    def read(file: Path) -> dict[str, Tensor]:
        batch = {"image": read_pixels(file, spec, cfg)[None], "label": zero, "key": zero}
        return prepare(batch, cfg, seed=0, train=False)

    for file in list_images(path):
        yield str(file), attempt(read, file)
#% if sources %#


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    cfg = parse_config(argv)
    check(
        lambda: build_loaders(cfg.data, cfg.seed),
        lambda sample, spec: [spec.classes[sample["label"]]],
        draw_images,
    )


if __name__ == "__main__":
    run_command(main)
#% endif %#
