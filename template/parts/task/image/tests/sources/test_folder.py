"""The promises of folders of images: what is found, how it is shown, what is left out and told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "3 steps"]
TINY += ["--schedule.warmup", "0 steps"]


@pytest.fixture
def images() -> Path:
    """Return a folder of 24 images to train on and 10 to evaluate on."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 8, 9, 3), dtype=np.uint8)
    for split, count in (("train", 24), ("test", 10)):
        for number in range(count):
            path = Path("images", split, ("cat", "dog")[number % 2], f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[number]).save(path)
    return Path("images")


@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all images of the parts."""

    def read(**settings) -> list:
        loaders, _ = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        return [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]

    return read


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
