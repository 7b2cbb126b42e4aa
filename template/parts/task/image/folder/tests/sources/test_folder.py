"""The promises of folders of images: what is found, how it is shown, what is left out and told."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps"]


def halve(path: Path) -> None:
    """Cut off the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


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
        (lambda root: halve(root / "train/dog/3.png"), ["unreadable", "dog/3.png", "truncated"]),
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
    halve(images / "train/dog/3.png")
    done = command("train", *TINY, "--data.root", "images", "--data.workers", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unreadable image images/train/dog/3.png")
    assert done.stderr.count("\n") == 1


def test_check_tells_what_is_there_and_what_is_broken(module, images, capsys):
    data = module("data")
    data.main(["--data.root", "images"])
    told = capsys.readouterr().out
    assert re.search(r"cat █+ +12 +5\n", told) and "! 10 of 10 samples for evaluation" in told
    assert Image.open("runs/data.png").size == (4 * 6 * 9, 4 * 6 * 9)
    halve(images / "train/dog/3.png")
    with pytest.raises(module("core.errors").UserError, match="1 of the samples can't be read"):
        data.main(["--data.root", "images"])
    told = capsys.readouterr().out
    assert "unreadable image images/train/dog/3.png" in told


def test_splits_are_found_and_what_is_no_image_is_passed_over(module, read, images, capsys):
    (images / "test").rename(images / "VALID")
    for name in (".ipynb_checkpoints/0.png", "__MACOSX/0.png", "cat/._0.png", "cat/notes.txt"):
        (images / "train" / name).parent.mkdir(exist_ok=True)
        (images / "train" / name).write_text("x")
    (images / "train/cat/0.png").unlink()
    Path("more").mkdir()
    Image.new("RGB", (9, 8)).save("more/0.JFIF", format="JPEG")
    (images / "train/dog/more").symlink_to(Path("more").resolve())
    (images / "train/dog/loop").symlink_to(images.resolve())
    shutil.rmtree(images / "VALID/dog")
    assert [part["label"].bincount().tolist() for part in read(root=images)] == [[11, 13], [5]]
    module("data").main(["--data.root", "images"])
    told = capsys.readouterr().out
    assert "passed over: .txt x 1, hidden or system entries x 3\n" in told
    assert "none for evaluation is of class dog\n" in told


def test_images_are_upright_and_keep_their_light(module, read):
    """Of every mode: what an orientation tag, 16 bits and transparency say is what is seen."""
    light = np.tile(np.linspace(0, 255, 12).round().astype(np.uint8), (8, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the file has the picture turned to the left by a quarter
    pixels = light.astype(np.float32) / 255
    shown = {
        "a/8.png": Image.fromarray(light),
        "a/16.png": Image.fromarray(light.astype(np.uint16) * 257),
        "b/turned.png": Image.fromarray(np.rot90(light).copy()),
        "b/clear.png": Image.merge("LA", [Image.new("L", (12, 8)), Image.fromarray(255 - light)]),
    }
    for name, image in shown.items():
        Path("modes", name).parent.mkdir(parents=True, exist_ok=True)
        image.save(Path("modes", name), exif=exif if "turned" in name else Image.Exif())
    settings = {"root": Path("modes"), "channels": 1}
    parts = read(**settings)
    images = torch.cat([part["image"] for part in parts])
    assert len(images) == 4 and all(torch.equal(images[0], image) for image in images)
    assert torch.equal(images[0, 0], torch.from_numpy(light[:, 2:10]))

    (Path("modes/a/8.png")).unlink()
    Image.fromarray(pixels * 7 - 3).save("modes/a/32.tif")
    with pytest.raises(
        module("core.errors").UserError, match=r"32.tif: .* 32 bits, -3 to 4; .*range"
    ):
        read(**settings, skip_broken=False)
    Path("modes/a/16.png").unlink()
    parts = read(**settings, range=[-3.0, 4.0])
    assert any(torch.equal(images[0], image) for part in parts for image in part["image"])


def test_broken_files_are_left_out_if_asked_to(module, read, images, caplog):
    cut = images / "train/dog/3.png"
    cut.write_bytes(cut.read_bytes()[:120])
    (images / "test/cat/2.png").write_bytes(b"")
    for number in range(9):
        (images / f"train/cat/x{number}.png").write_bytes(b"?")
    words = "10 of 43 can't be used: .* and 2 more; data.skip_broken leaves such out"
    with pytest.raises(module("core.errors").UserError, match=words):
        read(root=images)  # of the shortened one the head is whole
    assert [len(part["label"]) for part in read(root=images, skip_broken=True)] == [23, 9]
    assert "left out: 11 of 43" in caplog.text
    shutil.rmtree(images / "train")
    (images / "test").rename(images / "train")
    for file in images.rglob("*.png"):
        file.write_bytes(b"?")
    with pytest.raises(module("core.errors").UserError, match="10 of 10 can't be used"):
        read(root=images, skip_broken=True)


#% if task == 'image_generation' %#
def test_images_without_classes_are_of_one(module, images):
    data = module("data")
    for part, root in (("train", images / "train/cat"), ("test", images / "test/dog")):
        shutil.copytree(root, Path("flat", part))
    loaders, spec = data.build_loaders(data.DataConfig(root=Path("flat")), 0)
    assert spec.classes == ["all"]
    assert [len(loader.dataset) for loader in loaders.values()] == [12, 5]


#% else %#
def test_mean_and_deviation_may_be_of_each_channel(module, images):
    data, found = module("data"), []
    mean, std = [0.1, 0.2, 0.3], [1.0, 2.0, 4.0]
    for settings in ({"mean": mean, "std": std}, {"mean": 0.0, "std": 1.0}):
        loaders, _ = data.build_loaders(data.DataConfig(root=images, **settings), 0)
        found.append(next(loaders["evaluation"].groups()).batches[0][0]["image"])
    mean, std = (torch.tensor(values)[:, None, None] for values in (mean, std))
    torch.testing.assert_close(found[0], (found[1] - mean) / std)
    with pytest.raises(
        module("core.errors").UserError, match=r"data.mean holds 2 numbers; .* chan"
    ):
        data.build_loaders(data.DataConfig(root=images, mean=[0.1, 0.2]), 0)


#% endif %#
def test_a_run_scores_another_folder_and_predicts_what_it_can(module, train, call, images):
    assert train(*TINY, "--data.root", "images") == 0
    run = ["--run", "runs/run"]
    shutil.copytree("images/test/dog", "other/dog")
    assert call("evaluate", *run, "--data.root", "other")
    Path("other/dog").rename("other/fox")
    with pytest.raises(
        module("core.errors").UserError, match="fox is none of those of the run: cat, d"
    ):
        call("evaluate", *run, "--data.root", "other")
    Path("images/test/cat/2.png").write_bytes(b"")
    assert module("predict").main([*run, "--input", "images/test"]) == 2
    assert len(call("predict", *run, "--input", "images/test")) == 9
