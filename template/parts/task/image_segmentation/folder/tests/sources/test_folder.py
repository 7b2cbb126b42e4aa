"""The promises of folders with masks: how the two find each other, lie and are understood."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps", "--data.size", "8"]


def halve(path: Path) -> None:
    """Cut off the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


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
        (lambda root: halve(root / "train/images/b/03.png"), ["unreadable", "images/b/03.png"]),
        (lambda root: halve(root / "train/masks/b/03.png"), ["unreadable", "masks/b/03.png"]),
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
    halve(images / "train/masks/b/03.png")
    settings = ["--data.root", "data", "--data.classes", "[sky, road, car]"]
    done = command("train", *TINY, *settings, "--data.workers", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unreadable image data/train/masks/b/03.png")
    assert done.stderr.count("\n") == 1


def test_check_tells_what_is_there_and_what_is_broken(module, images, capsys):
    data = module("data")
    arguments = ["--data.root", "data", "--data.classes", "[sky, road, car]"]
    data.main(arguments)
    told = capsys.readouterr().out
    assert re.search(r"train 24 +evaluation 10\n", told)
    assert all(re.search(rf"{kind} +█+ +24 +10\n", told) for kind in ("car", "road", "sky"))
    assert Image.open("runs/data.png").size == (4 * 5 * 17, 4 * 7 * 9)
    halve(images / "train/images/b/03.png")
    Image.new("L", (10, 8), 7).save(images / "test/masks/a/02.png")
    with pytest.raises(module("core.errors").UserError, match="2 of the samples can't be read"):
        data.main(arguments)
    told = capsys.readouterr().out
    assert "unreadable image data/train/images/b/03.png" in told and "holds the class 7" in told
