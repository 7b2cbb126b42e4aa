"""A picture of some samples, for a look at the data."""

import math
from itertools import islice
from pathlib import Path

from PIL import Image
from torch import Tensor

from .images import Spec


def draw_images(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Draw the images of samples, row by row, in a file of the folder, and return what is there."""
    side, edge = math.ceil(len(samples) ** 0.5), spec.size + 1
    sheet = Image.new("RGB", (side * edge, side * edge), "white")
    for number, sample in enumerate(samples):
        pixels = sample["image"][0].expand(3, -1, -1).permute(1, 2, 0).numpy()
        row, column = divmod(number, side)
        sheet.paste(Image.fromarray(pixels), (column * edge, row * edge))
    file = folder / "data.png"
    sheet.resize((sheet.width * 4, sheet.height * 4), Image.Resampling.NEAREST).save(file)
    labels = (spec.classes[sample["label"]] for sample in samples)
    rows = (" ".join(islice(labels, side)) for _ in range(0, len(samples), side))
    return "\n".join([f"{file} shows:", *rows])
