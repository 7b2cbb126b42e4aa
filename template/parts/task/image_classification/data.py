"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from .core.errors import UserError, attempt, run_command
from .core.loader import Loader
from .core.rng import mix
#% if 'auto_augment' in extras %#
from .extras.auto_augment import auto_augment
#% endif %#
#% if 'mixup' in extras %#
from .extras.mixup import mix_pairs
#% endif %#
#% if 'progressive_resizing' in extras %#
from .extras.progressive_resizing import grow
#% endif %#
from .settings.data import DataConfig
from .sources.contact_sheet import draw_images
from .sources.files import list_images
from .sources.folder import read_folder
from .sources.hub import read_hub
from .sources.images import Spec, check_scale, normalize, read_digits, read_pixels
from .task.augment import augment


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the images, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. `known` is what the model of a
    run knows already, whose classes and sizes are then used.

    A batch is a dict of `image` [b, c, h, w] (float32, normalised), `label` [b] and `key` [b].
    #% if 'mixup' in extras %#
    In training it has a `share` [b] as well: that of the row's own image in what was mixed.
    #% endif %#
    """
    if cfg.root:
        parts, spec = read_folder(cfg, known)
    elif cfg.hf:
        parts, spec = read_hub(cfg, seed, known)
    else:
        parts, spec = read_digits(cfg)
    check_scale(cfg, spec)

    shuffle = not cfg.streaming  # a stream shuffles itself
    train, size, workers = parts["train"], cfg.batch_size, cfg.workers
    augmented, plain = partial(prepare, cfg=cfg, seed=seed), partial(prepare, cfg=cfg)
    #% if 'progressive_resizing' in extras %#
    augmented = partial(grow, augmented, len(train), cfg.progressive_resizing)
    #% endif %#
    loaders = {n: Loader(p, size, workers=workers, transform=plain) for n, p in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = Loader(train, size, accumulate, shuffle, seed, workers, augmented)
    return loaders, spec


def prepare(
    batch: dict[str, Tensor], cfg: DataConfig, seed: int | None = None
) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device; with a seed, its images augmented."""
    image = batch["image"].float() / 255
    if seed is not None:
        #% if 'auto_augment' in extras %#
        image = auto_augment(image, batch["key"], cfg.auto_augment, mix(seed, "auto_augment"))
        #% endif %#
        image = augment(image, batch["key"], cfg.augment, mix(seed, "augment"))
        #% if 'mixup' in extras %#
        size, draw = cfg.batch_size, mix(seed, "mixup")
        image, share = mix_pairs(image, batch["key"], size, cfg.mixup, draw)
        batch = batch | {"share": share}
        #% endif %#
    return batch | {"image": normalize(image, cfg.mean, cfg.std)}


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield each image file's name and a batch that holds it alone, or why it can't be read."""

    def read(file: Path) -> dict[str, Tensor]:
        return prepare({"image": read_pixels(file, spec, cfg)[None]}, cfg)

    for file in list_images(path):
        yield str(file), attempt(read, file)


def main(argv: list[str]) -> None:
    """Read all images that the settings name, tell what there is, and draw some."""
    from .sources.overview import check  # here, because it imports this file

    check(argv, lambda sample, spec: [spec.classes[sample["label"]]], draw_images)


if __name__ == "__main__":
    run_command(main)
