"""Images with labels: the embedded digits, and files that are decoded when they are asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .errors import UserError
from .parts import divide, identify
from .samples import Batched

MODES = {1: "L", 3: "RGB"}
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}


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


class Decoded(Batched):
    """Images that `read(epoch, index)` gives, with their labels, brought to one size."""

    def __init__(
        self,
        read: Callable[[int, int], tuple[Image.Image, int | Tensor]],
        count: int,
        spec: Spec,
        names: Iterable[str] = (),
    ):
        self.read, self.count, self.spec, self.identity = read, count, spec, identify(names)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of `image` [b, c, h, w] (uint8), `label` [b, ...] and `key` [b]."""
        samples = {}
        for key in sorted(set(keys)):  # padding repeats keys
            try:
                image, label = self.read(*divmod(key, self.count))
                samples[key] = to_pixels(image, self.spec), torch.as_tensor(label)
            except (OSError, SyntaxError, ValueError) as error:
                raise UserError(f"image {key % self.count} can't be read: {error}") from None
        return {
            "image": torch.stack([samples[key][0] for key in keys]),
            "label": torch.stack([samples[key][1] for key in keys]),
            "key": torch.tensor(keys),
        }


def read_digits(cfg: Any) -> tuple[dict[str, Digits], Spec]:
    """Return the 1,797 digits by the part they are for; `cfg` is a DataConfig."""
    from sklearn.datasets import load_digits  # here, because it takes a second to import

    digits = load_digits()
    spec = Spec([str(digit) for digit in range(10)], cfg.channels or 1, cfg.size or 8)
    gray = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = torch.stack([to_pixels(Image.fromarray(image), spec) for image in gray])
    labels = torch.from_numpy(digits.target).long()
    names = [f"digit {number}" for number in range(len(labels))]
    parts = divide(names, cfg.holdout, cfg.test, labels.tolist())
    return {part: Digits(images[rows], labels[rows]) for part, rows in parts.items()}, spec


def list_images(path: Path) -> list[Path]:
    """Return an image file, or the sorted ones of a folder; raise UserError if there is none."""
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise UserError(f"no image in {path}; allowed: {', '.join(sorted(SUFFIXES))}")
    return found


def open_image(path: Path) -> Image.Image:
    """Return the decoded image; raise UserError with the file's name if it can't be read."""
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"unreadable image {path}: {error}") from None


def count_channels(image: Image.Image) -> int:
    """Return 1 for gray images, 3 for all others."""
    return 1 if image.mode in ("1", "L", "I", "I;16", "F", "LA") else 3


def check_images(paths: list[Path], same_channels: bool) -> None:
    """Read the head of every file; the pixels are read, and may yet fail, when they are needed."""
    found: dict[int, Path] = {}
    for path in paths:
        try:
            with Image.open(path) as image:
                found.setdefault(count_channels(image), path)
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"unreadable image {path}: {error}") from None
    if same_channels and len(found) > 1:
        raise UserError(
            f"mixed channel counts: {found[1]} has 1, {found[3]} has 3; "
            "set data.channels to 1 or 3, and all are converted"
        )


def to_pixels(image: Image.Image, spec: Spec) -> Tensor:
    """Return the middle of the image as uint8 [c, size, size], scaled down or up to fit."""
    image = image.convert(MODES[spec.channels])
    if image.size != (spec.size, spec.size):
        image = ImageOps.fit(image, (spec.size, spec.size), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image))
    return pixels[None] if spec.channels == 1 else pixels.permute(2, 0, 1)
