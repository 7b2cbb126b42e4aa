"""Images with labels: the digits of scikit-learn; any image, brought to the size of the model's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..core.dataset import Batched
#% if task != 'image_generation' %#
from ..core.errors import UserError
#% endif %#
from ..settings.images import ImageConfig
from .pixels import naming, open_image, to_mode
from .split import divide


@dataclass
class Spec:
    """What the model must know of the images."""

    classes: list[str]
    channels: int
    size: int
    """side of the square images, in pixels"""


class Digits(Batched):
    """The digits of scikit-learn (UCI Optical Recognition of Handwritten Digits), in memory."""

    def __init__(self, images: Tensor, labels: Tensor):
        self.images, self.labels = images, labels
        self.row_size = images[0].numel()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of `image` [b, c, h, w] (uint8), `label` [b, ...] and `key` [b]."""
        key = torch.from_numpy(np.array(keys, dtype=np.int64))
        index = key % len(self)
        images = self.images.index_select(0, index)  # in a tenth of the time of images[index]
        return {"image": images, "label": self.labels[index], "key": key}


def read_digits(cfg: Any) -> tuple[dict[str, Digits], Spec]:
    """Return the 1,797 digits by the part they are for; `cfg` is a DataConfig."""
    from sklearn.datasets import load_digits  # here, because it takes a second to import

    digits = load_digits()
    spec = Spec([str(digit) for digit in range(10)], cfg.channels or 1, cfg.size or 8)
    gray = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = torch.stack([to_pixels(Image.fromarray(image), spec, cfg) for image in gray])
    labels = torch.from_numpy(digits.target).long()
    names = [f"digit {number}" for number in range(len(labels))]
    parts = divide(names, cfg.holdout, cfg.test, labels.tolist())
    return {part: Digits(images[rows], labels[rows]) for part, rows in parts.items()}, spec


def to_pixels(image: Image.Image, spec: Spec, cfg: ImageConfig) -> Tensor:
    """Return the middle of the image as uint8 [c, size, size], scaled down or up to fit."""
    image = to_mode(image, spec.channels, cfg)
    if image.size != (spec.size, spec.size):
        image = ImageOps.fit(image, (spec.size, spec.size), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image))
    return pixels[None] if spec.channels == 1 else pixels.permute(2, 0, 1)


def read_pixels(path: Path, spec: Spec, cfg: ImageConfig) -> Tensor:
    """Return the pixels of an image file; raise UserError, with its name, if it can't be read."""
    with naming(path):
        return to_pixels(open_image(path), spec, cfg)
#% if task != 'image_generation' %#


def check_scale(cfg: Any, spec: Spec) -> None:
    """Raise UserError for a mean or deviation that isn't one number, or one for each channel."""
    for name, value in (("mean", cfg.mean), ("std", cfg.std)):
        if isinstance(value, list) and len(value) != spec.channels:
            raise UserError(
                f"data.{name} holds {len(value)} numbers; allowed: one, or one for each channel "
                f"of the images, {spec.channels}"
            )


def normalize(image: Tensor, mean: float | list[float], std: float | list[float]) -> Tensor:
    """Return images [b, c, h, w] less the mean and divided by the deviation, by channel if so."""
    mean, std = (
        image.new_tensor(value)[:, None, None] if isinstance(value, list) else value
        for value in (mean, std)
    )
    return (image - mean) / std
#% endif %#
