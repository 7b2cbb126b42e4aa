"""A look at images before a run depends on them: which can be read, of which size and kind."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from ..core.errors import UserError, attempt
from ..settings.images import ImageConfig
from .images import Spec
from .pixels import HIGHEST, to_mode

log = logging.getLogger(__name__)

LARGEST = 224
"""side, in pixels, that large images are brought to unless told otherwise"""
NAMED = 8
"""broken images that are named"""


def sift(samples: Sequence[Any], read: Callable[[Any], Any], skip: bool) -> list[tuple[Any, Any]]:
    """Return the samples that can be read, each with what `read` gives.

    Without `skip`, or if none is left, those that can't are a UserError that names some.
    """
    with ThreadPoolExecutor(None if skip else 1) as pool:  # heads alone are slower in several
        given = pool.map(partial(attempt, read), samples)
    pairs = list(zip(samples, given, strict=True))
    broken = [str(result) for _, result in pairs if isinstance(result, UserError)]
    if broken:
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        told = f"{len(broken)} of {len(samples)} can't be used: {'; '.join(broken[:NAMED])}{more}"
        if not skip or len(broken) == len(samples):
            raise UserError(f"{told}; data.skip_broken leaves such out")
        log.warning("left out: %s", told)
    return [(sample, result) for sample, result in pairs if not isinstance(result, UserError)]


def find_size(first: Image.Image, cfg: ImageConfig, known: Spec | None) -> int:
    """Return the side that images are brought to: of the settings, of the run, or of the first."""
    to_mode(first, 3, cfg)  # it may say that a setting is missing
    if first.mode in HIGHEST.keys() - {"L"} and not cfg.range and np.max(first) < 2**12:
        log.info("the first image has 16 bits and goes up to %d; see data.range", np.max(first))
    if cfg.size or known:
        return cfg.size or known.size
    size = min(*first.size, LARGEST)
    told = "images are brought to %d x %d, the first one is of %d x %d (data.size)"
    log.info(told, size, size, *first.size)
    return size


def count_channels(image: Image.Image) -> int:
    """Return 1 for gray images, 3 for all others."""
    return 1 if image.mode in ("1", "LA", "La", "I", "F") or image.mode in HIGHEST else 3
