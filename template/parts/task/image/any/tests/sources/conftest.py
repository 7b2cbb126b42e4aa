"""Images on the disk, and what is read of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def images() -> Path:
    """Return a folder of 24 images to train on, in batches of 4 or less, and 10 to evaluate on."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 8, 9, 3), dtype=np.uint8)
    for split, count in (("train", 24), ("test", 10)):
        for number in range(count):
            path = Path("images", split, ("cat", "dog")[number % 2], f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[number]).save(path)
    return Path("images")


#% if 'hub' in sources %#
@pytest.fixture
def hf_images(images, monkeypatch) -> Path:
    """Return a folder of the same images, with them in other forms in `forms`."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path("cache"))
    # Some versions wait for 5 seconds after each pass over a stream.
    monkeypatch.setattr("datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN", 0, raising=False)
    splits = datasets.load_dataset(str(images))
    splits.save_to_disk("forms/saved")
    Path("forms/parquet").mkdir()
    for name, split in splits.items():
        split.to_parquet(f"forms/parquet/{name}.parquet")
    return images


#% endif %#
@pytest.fixture
def shorten() -> Callable:
    """Return a function that cuts off the second half of a file."""
    return lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all images of both parts."""

    def read(**settings) -> list:
        loaders, _ = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        return [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]

    return read
