"""A picture of some samples, for a look at the data."""

import math
from pathlib import Path

from PIL import Image
from torch import Tensor

from ..settings.data import UNLABELLED
from .images import Spec
from .masks import PALETTE, paint
from .picture import save_enlarged, to_picture


def draw_images(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Draw images and their masks, side by side, in a file of the folder; return what is there."""
    columns, width, height = math.ceil((len(samples) / 2) ** 0.5), 2 * spec.size + 1, spec.size + 1
    sheet = Image.new("RGB", (columns * width, -(-len(samples) // columns) * height), "white")
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        image = to_picture(sample["image"][0], spec.size)
        sheet.paste(image, (column * width, row * height))
        sheet.paste(paint(sample["label"][0]), (column * width + spec.size, row * height))
    file = save_enlarged(sheet, folder)
    colours = (
        f"#{bytes(PALETTE[3 * i : 3 * i + 3]).hex()} {n}" for i, n in enumerate(spec.classes)
    )
    return f"{file} shows images beside their masks: {', '.join(colours)}, #ffffff unlabelled"


def name_classes(sample: dict[str, Tensor], spec: Spec) -> list[str]:
    """Return the names of the classes that are in a sample."""
    found = sample["label"].unique().tolist()
    return [spec.classes[i] if i != UNLABELLED else "unlabelled" for i in found]
