"""Image files with what belongs to each: which can be read, of what kind, for what part."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from ..core.errors import UserError
from ..settings.images import ImageConfig
from .images import Spec
from .pixels import naming, open_image, to_mode
from .split import divide
from .survey import count_channels, find_size, sift

log = logging.getLogger(__name__)

LONG = 3
"""times its width from which on an image's length is told of"""


class Sample(NamedTuple):
    """An image file with what belongs to it."""

    image: Path
    label: Any
    """number of the class, or file of the mask"""
    part: str
    """part of the data that its folder is"""
    size: int = 0
    """bytes of the image file"""


def survey(
    samples: list[Sample],
    read: Callable[[Sample], Image.Image],
    cfg: ImageConfig,
    known: Spec | None,
) -> tuple[list[Sample], int, int]:
    """Return the samples that can be read, and the channels and side that images are brought to.

    The heads are read if they are needed for that; with `cfg.skip_broken` all there is, by `read`.
    """

    def look(sample: Sample) -> tuple[int, int, bool, tuple[int, int] | None]:
        with naming(sample.image):
            if not (size := sample.image.stat().st_size):
                raise UserError(f"unreadable image {sample.image}: it is empty")
        if cfg.skip_broken:
            image = read(sample)
            with naming(sample.image):
                to_mode(image, 3, cfg)
            return size, count_channels(image), False, image.size
        if cfg.channels or known:
            return size, 0, False, None
        with naming(sample.image), Image.open(sample.image) as image:
            # What phones add to a photo is no animation.
            moves = getattr(image, "is_animated", False) and image.format != "MPO"
            return size, count_channels(image), moves, image.size

    found = sift(samples, look, cfg.skip_broken)
    heads = {channels: sample.image for sample, (_, channels, *_) in reversed(found)}
    if moving := sum(moves for _, (_, _, moves, _) in found):
        log.info("%d images have several frames, of which the first is taken", moving)
    first = found[0][0].image
    with naming(first):
        side = find_size(open_image(first), cfg, known)
    sizes = [sorted(sides) for _, (*_, sides) in found if sides]
    if small := sum(2 * short < side for short, _ in sizes):
        log.info("%d images have less than half of %d pixels a side (data.size)", small, side)
    if long := sum(long > LONG * short for short, long in sizes):
        log.info("%d images are over %d times as long as wide; the middle is taken", long, LONG)
    kept = [sample._replace(size=size) for sample, (size, *_) in found]
    return kept, find_channels(heads, cfg, known), side


def find_channels(heads: dict[int, Any], cfg: ImageConfig, known: Spec | None) -> int:
    """Return the channels of the images, of which `heads` has one by each number that was found.

    Raises UserError if they differ, and nothing says what they are converted to.
    """
    if cfg.channels or known:
        return cfg.channels or known.channels
    if len(heads) > 1:
        raise UserError(
            f"mixed channel counts: {heads[1]} has 1, {heads[3]} has 3; "
            "set data.channels to 1 or 3, and all are converted"
        )
    return next(iter(heads))


def place(
    samples: list[Sample], names: list[str], cfg: ImageConfig, classes: list[int] | None = None
) -> dict[str, list[int]]:
    """Return the rows of the samples of each part: as their folders say, or else divided.

    A part without samples is left out.
    """
    parts = {part: [] for part in ("train", "evaluation", "test")}
    for row, sample in enumerate(samples):
        parts[sample.part].append(row)
    if {sample.part for sample in samples} == {"train"}:
        parts = divide(names, cfg.holdout, cfg.test, classes)
    return {part: rows for part, rows in parts.items() if rows}


def check_parts(parts: dict[str, list[int]], root: Path) -> None:
    """Raise UserError if there is nothing to train or nothing to evaluate on."""
    for part in ("train", "evaluation"):
        if part not in parts:
            count = sum(map(len, parts.values()))
            raise UserError(f"{root} has {count} images, and none for {part}; it wants some more")
