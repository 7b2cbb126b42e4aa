"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from .core.errors import UserError, attempt, run_command
from .core.loader import Loader
from .core.rng import mix
from .settings.data import DataConfig
from .sources.contact_sheet import draw_images
from .sources.files import list_images
from .sources.folder import read_folder
from .sources.hub import read_hub
from .sources.images import Spec, read_digits, read_pixels
from .task.augment import augment


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. `known` is what the model of a
    run knows already, whose classes and sizes are then used.

    A batch is a dict of `image` [b, c, h, w] (float32, in [-1, 1]), `label` [b], `key` [b] and
    `draw` [b], the seed of all that is drawn for the image.
    """
    if cfg.root:
        parts, spec = read_folder(cfg, known, flat=True)
    elif cfg.hf:
        parts, spec = read_hub(cfg, seed, known, flat=True)
    else:
        parts, spec = read_digits(cfg)

    shuffle = not cfg.streaming  # a stream shuffles itself
    train, size, workers = parts["train"], cfg.batch_size, cfg.workers
    augmented, plain = (partial(prepare, cfg=cfg, seed=seed, train=t) for t in (True, False))
    loaders = {n: Loader(p, size, workers=workers, transform=plain) for n, p in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = Loader(train, size, accumulate, shuffle, seed, workers, augmented)
    return loaders, spec


def prepare(batch: dict[str, Tensor], cfg: DataConfig, seed: int, train: bool) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; if to train on, images augmented."""
    image = batch["image"].float() / 255
    if train:
        image = augment(image, batch["key"], cfg.augment, mix(seed, "augment"))
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


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    from .sources.overview import check  # here, because it imports this file

    check(argv, lambda sample, spec: [spec.classes[sample["label"]]], draw_images)


if __name__ == "__main__":
    run_command(main)
