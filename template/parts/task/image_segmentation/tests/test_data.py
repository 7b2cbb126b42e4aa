"""The promises of the data: what it reads, and which mistakes it names."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_training import assert_equal

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps", "--data.size", "8"]


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


def shorten(path: Path) -> None:
    """Cut off the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all images of both parts."""

    def read(**settings) -> list:
        loaders, _ = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        return [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]

    return read


def test_trains_on_a_folder(train, read, images):
    assert train(*TINY, "--data.root", "data") == 0
    spec = json.loads(Path("runs/run/spec.json").read_text())
    assert spec == {"classes": ["0", "1", "2"], "channels": 3, "size": 8, "binary": False}
    parts = read(root=images, classes=["sky", "road", "car"])
    assert [len(part["label"]) for part in parts] == [24, 10]
    pixels, label = parts[0]["image"][0, 0].int(), parts[0]["label"][0].int()
    assert label[0, 3] == 255  # the middle is what is left without the outer columns
    label[0, 3] = pixels[0, 3] // 100
    assert torch.equal(label, pixels // 100)
    assert sum(len(part["label"]) for part in read(root=images / "train")) == 24


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: shutil.rmtree(root), ["data is not there", "data.root"]),
        (lambda root: shutil.rmtree(root / "test/masks"), ["test/masks is not a folder"]),
        (
            lambda root: (root / "train/masks/b/03.png").unlink(),
            ["images/b/03.png has no mask", "masks/b/03.* is not there"],
        ),
        (lambda root: shorten(root / "train/images/b/03.png"), ["unreadable", "images/b/03.png"]),
        (lambda root: shorten(root / "train/masks/b/03.png"), ["unreadable", "masks/b/03.png"]),
        (
            lambda root: Image.new("L", (10, 8), 7).save(root / "train/masks/b/03.png"),
            ["masks/b/03.png holds the class 7", "0 to 2 (sky, road, car), and 255"],
        ),
        (
            lambda root: Image.new("L", (8, 9)).save(root / "train/masks/b/03.png"),
            ["masks/b/03.png is of 8 x 9 pixels, its image of 10 x 8"],
        ),
        (
            lambda root: Image.new("RGB", (10, 8), "red").save(root / "train/masks/b/03.png"),
            ["masks/b/03.png is of mode RGB", "one channel"],
        ),
        (
            lambda root: Image.new("L", (10, 8)).save(root / "train/images/b/03.png"),
            ["mixed", "b/03.png has 1", "has 3", "data.channels"],
        ),
    ],
)
def test_names_what_is_wrong_with_a_folder(module, train, images, spoil, words):
    spoil(images)
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.root", "data", "--data.classes", "[sky, road, car]")
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_error_in_a_worker_is_one_line_and_exit_code_2(command, images):
    shorten(images / "train/masks/b/03.png")
    settings = ["--data.root", "data", "--data.classes", "[sky, road, car]"]
    done = command("train", *TINY, *settings, "--data.workers", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unreadable image data/train/masks/b/03.png")
    assert done.stderr.count("\n") == 1


def test_datasets_library_gives_what_the_folder_holds(train, read, hf_images):
    for form in ("forms/parquet", "forms/saved"):
        assert_equal(read(root=hf_images), read(hf=form))
    assert train(*TINY, "--data.hf", form) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such/images"], ["no/such/images"]),
        (["forms/parquet", "--data.eval_split", "dev"], ["no split dev", "train, test"]),
        (["forms/parquet", "--data.classes", "[sky, road]"], ["mask ", "holds the class 2"]),
        (["data/train/images"], ["two columns of Image type"]),
    ],
    ids=["dataset", "split", "classes", "columns"],
)
def test_names_what_is_wrong_with_a_dataset(module, train, hf_images, arguments, words):
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.hf", *arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scenes_are_the_same_in_every_start_and_share_no_digit(module):
    scenes, images = module("sources.scenes"), module("sources.images")
    cfg = module("data").DataConfig(scenes=64, channels=3, size=24)
    parts, spec = scenes.read_scenes(cfg)
    train = parts["train"]
    assert_equal(train[[3, 70]], scenes.read_scenes(cfg)[0]["train"][[3, 70]])
    assert train[[3]]["image"].shape == (1, 3, 24, 24) and len(parts["evaluation"]) == 8
    few = scenes.read_scenes(replace(cfg, scenes=10))[0]["train"]
    assert torch.equal(few.images, train.images[:10]) and torch.equal(few.labels, train.labels[:10])
    assert train.labels.unique().tolist() == list(range(len(spec.classes)))
    ink = train.images[:, 0].float()
    assert ink[train.labels > 0].mean() > ink[train.labels == 0].mean() + 60
    digits = images.read_digits(replace(cfg, channels=1, size=8))[0].values()
    seen, unseen = ({tuple(image.flatten().tolist()) for image in p.images} for p in digits)
    assert len(seen & unseen) < 5  # some digits were written twice alike


def test_check_tells_what_is_there_and_what_is_broken(module, images, capsys):
    data = module("data")
    arguments = ["--data.root", "data", "--data.classes", "[sky, road, car]"]
    data.main(arguments)
    told = capsys.readouterr().out
    assert re.search(r"train 24 +evaluation 10\n", told)
    assert all(re.search(rf"{kind} +█+ +24 +10\n", told) for kind in ("car", "road", "sky"))
    assert Image.open("runs/data.png").size == (4 * 5 * 17, 4 * 7 * 9)
    shorten(images / "train/images/b/03.png")
    Image.new("L", (10, 8), 7).save(images / "test/masks/a/02.png")
    with pytest.raises(module("core.errors").UserError, match="2 of the samples can't be read"):
        data.main(arguments)
    told = capsys.readouterr().out
    assert "unreadable image data/train/images/b/03.png" in told and "holds the class 7" in told
