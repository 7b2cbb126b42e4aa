"""Data of one's own for this task, as the commands of a project's README name it."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def write(folder: Path) -> dict[str, Path]:
    """Write a folder of images per class, and give what each word of the README stands for."""
    digits = load_digits()
    for split, part in (("train", range(200)), ("test", range(200, 260))):
        for number in part:
            path = folder / "images" / split / str(digits.target[number]) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.rint(digits.images[number] * (255 / 16)).astype(np.uint8)
            Image.fromarray(pixels).save(path)
    images = folder / "images"
    return {"FOLDER": images, "NAME_OR_PATH": images, "IMAGE_OR_FOLDER": images / "train" / "3"}
