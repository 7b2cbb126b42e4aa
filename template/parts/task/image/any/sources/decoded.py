"""Images that are decoded when they are asked for, and the names of their classes."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ..core.dataset import Batched
from ..core.errors import UserError, nearest
from ..settings.images import ImageConfig
from .images import Spec, to_pixels
from .pixels import naming
from .split import identify

log = logging.getLogger(__name__)

NAMED = 8
"""classes that are named of many"""


class Decoded(Batched):
    """Images that `read(epoch, index)` gives, with their labels, brought to one size.

    `names` are what they are called, `marks` what tells them from others; `cfg` is an ImageConfig.
    """

    def __init__(
        self,
        read: Callable[[int, int], tuple[Image.Image, int | Tensor]],
        names: Sequence[Any],
        spec: Spec,
        cfg: ImageConfig,
        marks: Sequence[Any] = (),
    ):
        self.read, self.names, self.spec, self.cfg = read, names, spec, cfg
        self.identity = identify(marks)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of `image` [b, c, h, w] (uint8), `label` [b, ...] and `key` [b]."""
        samples = {}
        for key in sorted(set(keys)):  # padding repeats keys
            epoch, index = divmod(key, len(self))
            with naming(self.names[index]):
                image, label = self.read(epoch, index)
                samples[key] = to_pixels(image, self.spec, self.cfg), torch.as_tensor(label)
        return {
            "image": torch.stack([samples[key][0] for key in keys]),
            "label": torch.stack([samples[key][1] for key in keys]),
            "key": torch.tensor(keys),
        }


def tell_missing(part: str, labels: Iterable[int], classes: list[str]) -> None:
    """Tell which classes no sample of a part is of."""
    missing = [classes[label] for label in sorted(set(range(len(classes))) - set(labels))]
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        log.info("none for %s is of class %s%s", part, ", ".join(missing[:NAMED]), more)


def find_class(name: str, classes: list[str], place: Any, source: Any) -> int:
    """Return a class's number; raise UserError if `source`, which has the classes, lacks it."""
    if name not in classes:
        more = " ..." if len(classes) > NAMED else ""
        raise UserError(
            f"{place}: class {name}{nearest(name, classes)} is none of those of {source}: "
            f"{', '.join(classes[:NAMED])}{more}"
        )
    return classes.index(name)
