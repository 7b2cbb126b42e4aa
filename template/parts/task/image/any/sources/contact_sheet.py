"""A picture of some samples, for a look at the data."""

import math
from itertools import islice
from pathlib import Path

from PIL import Image
from torch import Tensor

from .images import Spec
from .picture import save_enlarged, to_picture


def draw_images(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Draw the images of samples, row by row, in a file of the folder, and return what is there."""
    side, edge = math.ceil(len(samples) ** 0.5), spec.size + 1
    sheet = Image.new("RGB", (side * edge, side * edge), "white")
    for number, sample in enumerate(samples):
        row, column = divmod(number, side)
        sheet.paste(to_picture(sample["image"][0], spec.size), (column * edge, row * edge))
    file = save_enlarged(sheet, folder)
    labels = (spec.classes[sample["label"]] for sample in samples)
    rows = (" ".join(islice(labels, side)) for _ in range(0, len(samples), side))
    return "\n".join([f"{file} shows:", *rows])
