"""The promises of the data: what it reads, which mistakes it names, and in which order it comes."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_training import assert_equal, final_state, ledger

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps"]
STREAM = ["--data.streaming", "true", "--data.train_examples", "24", "--data.eval_examples", "10"]


@pytest.fixture
def images() -> Path:
    """Return a folder of 24 images to train on, 6 steps an epoch, and 10 to evaluate on."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 8, 9, 3), dtype=np.uint8)
    for split, count in (("train", 24), ("test", 10)):
        for number in range(count):
            path = Path("images", split, ("cat", "dog")[number % 2], f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[number]).save(path)
    return Path("images")


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
    assert train(*TINY, "--data.root", "images") == 0
    spec = json.loads(Path("runs/run/spec.json").read_text())
    assert spec == {"classes": ["cat", "dog"], "channels": 3, "size": 8}
    assert [len(part["label"]) for part in read(root=images)] == [24, 10]
    assert sum(len(part["label"]) for part in read(root=images / "train")) == 24


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: shutil.rmtree(root), ["images is not there", "data.root"]),
        #% if task == 'image_classification' %#
        (lambda root: shutil.rmtree(root / "train/dog"), ["train holds 1 class folders"]),
        #% else %#
        (lambda root: shutil.rmtree(root / "train/dog"), ["class dog is none of those of"]),
        #% endif %#
        (lambda root: (root / "train/empty").mkdir(), ["no image in images/train/empty"]),
        (
            lambda root: (root / "test/dog").rename(root / "test/fox"),
            ["images/test: class fox", "images/train: cat, dog"],
        ),
        (lambda root: (root / "test/cat/2.png").write_bytes(b"?"), ["unreadable", "cat/2.png"]),
        (lambda root: shorten(root / "train/dog/3.png"), ["unreadable", "dog/3.png", "truncated"]),
        (
            lambda root: Image.new("L", (8, 8)).save(root / "train/dog/5.png"),
            ["mixed", "dog/5.png has 1", "has 3", "data.channels"],
        ),
    ],
    ids=["missing", "one class", "empty class", "classes", "unreadable", "truncated", "mixed"],
)
def test_names_what_is_wrong_with_a_folder(module, train, images, spoil, words):
    spoil(images)
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.root", "images")
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_error_in_a_worker_is_one_line_and_exit_code_2(command, images):
    shorten(images / "train/dog/3.png")
    done = command("train", *TINY, "--data.root", "images", "--data.workers", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unreadable image images/train/dog/3.png")
    assert done.stderr.count("\n") == 1


def test_datasets_library_gives_what_the_folder_holds(train, read, hf_images):
    for form in ("images", "forms/parquet", "forms/saved"):
        assert_equal(read(root=hf_images), read(hf=form))
    assert train(*TINY, "--data.hf", form) == 0


def test_labels_may_be_texts(read, hf_images):
    for name, split in pytest.importorskip("datasets").load_from_disk("forms/saved").items():
        kinds = [["cat ", "dog"][label] for label in split["label"]]
        rows = split.remove_columns("label").add_column("kind", kinds)
        rows.to_parquet(f"forms/parquet/{name}.parquet")
    assert_equal(read(root=hf_images), read(hf="forms/parquet", label="kind"))


def test_stream_resumes_bit_for_bit(train, hf_images):
    assert train(*TINY, *STREAM, "--data.hf", "images", "--name", "whole") == 0
    parquet = [*TINY, *STREAM, "--data.hf", "forms/parquet", "--name", "killed"]
    assert train(*parquet, kill_after=8) is None
    assert train(*parquet, "--data.workers", "2") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_stream_has_another_order_in_each_epoch(module, hf_images):
    cfg = {"hf": "images", "streaming": True, "train_examples": 24, "eval_examples": 10}
    train = module("data").build_loaders(module("data").DataConfig(**cfg), 0)[0]["train"].dataset
    first, second = (train[list(range(start, start + 24))]["image"] for start in (0, 24))
    assert not torch.equal(first, second)
    assert torch.equal(*(epoch.flatten(1).unique(dim=0) for epoch in (first, second)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such/images"], ["no/such/images"]),
        (["forms/parquet", "--data.eval_split", "dev"], ["no split dev", "train, test"]),
        (["images", *STREAM, "--data.train_examples", "30"], ["stream", "fewer than the 30"]),
        (["damaged"], ["unreadable image row ", "truncated"]),
    ],
    ids=["dataset", "split", "short", "damaged"],
)
def test_names_what_is_wrong_with_a_dataset(module, train, hf_images, arguments, words):
    shorten(Path(shutil.copytree("images", "damaged"), "test/dog/3.png"))
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.hf", *arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [1, 7, 64, 65])
def test_order_is_the_same_on_any_number_of_processes(module, count):
    """Each epoch has each sample once, and each step the same ones, however they are spread."""

    def steps(processes: int, position: tuple[int, int]) -> list[list[int]]:
        plan = partial(module("core.loader").Plan, count, 12 // processes, 2, True, 0)
        plans = [plan() for _ in range(processes)]
        for number, plan in enumerate(plans):
            plan.process, plan.share = number, 12
        order, real = zip(*(plan.lay_out(*position) for plan in plans), strict=True)
        keys = [plan.keys for plan in plans]
        assert all(torch.equal(each, order[0]) for each in order)
        assert all(list(plan) == each.tolist() for plan, each in zip(plans, keys, strict=True))
        assert {each.shape[1] for each in keys} == {12 // processes}
        batches = [
            [key for batch, rows in zip(*parts, strict=True) for key in batch[:rows].tolist()]
            for parts in zip(zip(*keys, strict=True), zip(*real, strict=True), strict=True)
        ]
        assert list(chain(*batches)) == order[0].tolist()
        return [list(chain(*batches[i : i + 2])) for i in range(0, len(batches), 2)]

    first, second = steps(1, (0, 0)), steps(1, (1, 0))
    assert sorted(chain(*first)) == list(range(count))
    assert sorted(chain(*second)) == list(range(count, 2 * count))
    assert first != [[key - count for key in keys] for keys in second] or count == 1
    for processes in (1, 2, 3):
        assert steps(processes, (1, 0)) == second
        if count > 24:
            assert steps(processes, (1, 24)) == second[1:]


def test_check_tells_what_is_there_and_what_is_broken(module, images, capsys):
    data = module("data")
    data.main(["--data.root", "images"])
    told = capsys.readouterr().out
    assert re.search(r"cat █+ +12 +5\n", told) and "! 10 of 10 samples for evaluation" in told
    assert Image.open("runs/data.png").size == (4 * 6 * 9, 4 * 6 * 9)
    shorten(images / "train/dog/3.png")
    with pytest.raises(module("core.errors").UserError, match="1 of the samples can't be read"):
        data.main(["--data.root", "images"])
    told = capsys.readouterr().out
    assert "unreadable image images/train/dog/3.png" in told
