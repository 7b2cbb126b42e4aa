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

from torch import Tensor

#% if sources %#
from .core.errors import UserError, attempt, run_command
#% else %#
from .core.errors import UserError, attempt
#% endif %#
from .core.loader import Loader
#% if 'augment' in extras or 'auto_augment' in extras or 'mixup' in extras %#
from .core.rng import mix
#% endif %#
#% if 'augment' in extras %#
from .extras.augment import augment
#% endif %#
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
from .sources.images import Spec, check_scale, normalize, read_digits, read_pixels
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

    A batch is a dict of `image` [b, c, h, w] (float32, normalised), `label` [b] and `key` [b].
    #% if 'mixup' in extras %#
    In training it has a `share` [b] as well: that of the row's own image in what was mixed.
    #% endif %#
    """
    read = read_digits
    #% if 'folder' in sources %#
    if cfg.root:
        read = partial(read_folder, known=known)
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = partial(read_hub, known=known)
    #% endif %#
    #% if 'stream' in sources %#
    if cfg.streaming:
        read = partial(read_stream, seed=seed, known=known)
    #% endif %#
    parts, spec = read(cfg)
    check_scale(cfg, spec)

    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    changed = plain = partial(prepare, cfg=cfg)
    #% if 'augment' in extras or 'auto_augment' in extras or 'mixup' in extras %#
    changed = partial(change, cfg=cfg, seed=seed)
    #% endif %#
    #% if 'progressive_resizing' in extras %#
    changed = partial(grow, changed, len(parts["train"]), cfg.progressive_resizing)
    #% endif %#
    loaders = {name: load(part, transform=plain) for name, part in parts.items()}
    if not known:  # then there is something to learn
        learn = partial(load, accumulate=accumulate, shuffle=True, seed=seed)
        #% if 'stream' in sources %#
        learn = partial(learn, shuffle=not cfg.streaming)  # a stream shuffles itself
        #% endif %#
        loaders["train"] = learn(parts["train"], transform=changed)
    return loaders, spec


def prepare(batch: dict[str, Tensor], cfg: DataConfig) -> dict[str, Tensor]:
    """Return the batch as the model wants it, on its device."""
    return batch | {"image": normalize(batch["image"].float() / 255, cfg.mean, cfg.std)}


#% if 'augment' in extras or 'auto_augment' in extras or 'mixup' in extras %#
def change(batch: dict[str, Tensor], cfg: DataConfig, seed: int) -> dict[str, Tensor]:
    """Return a batch to train on as the model wants it, its images changed at random."""
    image = batch["image"].float() / 255
    #% if 'auto_augment' in extras %#
    image = auto_augment(image, batch["key"], cfg.auto_augment, mix(seed, "auto_augment"))
    #% endif %#
    #% if 'augment' in extras %#
    image = augment(image, batch["key"], cfg.augment, mix(seed, "augment"))
    #% endif %#
    #% if 'mixup' in extras %#
    size, draw = cfg.batch_size, mix(seed, "mixup")
    image, share = mix_pairs(image, batch["key"], size, cfg.mixup, draw)
    batch = batch | {"share": share}
    #% endif %#
    return batch | {"image": normalize(image, cfg.mean, cfg.std)}


#% endif %#
def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield each image file's name and a batch that holds it alone, or why it can't be read."""

    def read(file: Path) -> dict[str, Tensor]:
        return prepare({"image": read_pixels(file, spec, cfg)[None]}, cfg)

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
