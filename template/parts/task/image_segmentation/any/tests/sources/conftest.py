"""Images with masks on the disk, and what is read of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def images() -> Path:
    """Return a folder of 24 images with masks to train on, 6 steps an epoch, and 10 others."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 8, 10, 3), dtype=np.uint8)
    for split, count in (("train", 24), ("test", 10)):
        for number in range(count):
            mask = pixels[number, :, :, 0] // 100
            mask[0, 4] = 255
            for kind, values in (("images", pixels[number]), ("masks", mask)):
                path = Path("data", split, kind, "ab"[number % 2], f"{number:02}.png")
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(values).save(path)
    return Path("data")


#% if 'hub' in sources %#
@pytest.fixture
def hf_images(images, monkeypatch) -> Path:
    """Return a folder of the same images as a dataset in two forms."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path("cache"))
    splits = datasets.DatasetDict()
    for split in ("train", "test"):
        files = sorted(map(str, (images / split / "images").rglob("*.png")))
        columns = {"image": files, "annotation": [f.replace("images", "masks") for f in files]}
        features = datasets.Features({name: datasets.Image() for name in columns})
        splits[split] = datasets.Dataset.from_dict(columns, features)
    splits.save_to_disk("forms/saved")
    Path("forms/parquet").mkdir()
    for name, split in splits.items():
        split.to_parquet(f"forms/parquet/{name}.parquet")
    return images


#% endif %#
@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all images of both parts."""

    def read(**settings) -> list:
        loaders, _ = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        return [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]

    return read
