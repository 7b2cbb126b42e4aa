"""The promises of pairs of an image and a mask: how they lie, and what their values mean."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

QUICK = ["--data.batch_size", "4", "--model.width", "4", "--duration", "2 steps"]
QUICK += ["--schedule.warmup", "0 steps"]


def write(
    folder: str, values: np.ndarray, names: tuple[str, str], tags: tuple[int, int] = (1, 1)
) -> None:
    """Write 6 images and their masks of 0 and a value, with orientation tags, as names say."""
    for number in range(6):
        for name, pixels, tag in zip(names, (values * 200, values), tags, strict=True):
            exif = Image.Exif()
            exif[0x0112] = tag
            path = Path(folder, name.format(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            turned = np.rot90(pixels).copy() if tag == 6 else pixels
            Image.fromarray(turned).save(path, exif=exif, format="PNG")


def half(value: int) -> np.ndarray:
    """Return values [12, 8] of which the upper half is 0."""
    return np.repeat(np.array([0, value], np.uint8), 6)[:, None].repeat(8, 1)


@pytest.fixture
def load(module):
    """Return a function that gives the samples of all parts of a folder, and the spec."""

    def load(root: str, **settings):
        loaders, spec = module("data").build_loaders(
            module("data").DataConfig(root=Path(root), **settings), 0
        )
        parts = [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}, spec

    return load


@pytest.mark.parametrize("tags", [(1, 1), (6, 1), (1, 6), (6, 6)])
def test_images_and_masks_are_brought_upright(load, tags):
    """Both are as one sees them, whatever the names' endings and case, and hidden files."""
    write("data", half(1), ("Images/{}.PNG", "MASKS/{}_mask.png"), tags)
    Path("data/MASKS/._0_mask.png").write_bytes(b"?")
    samples, spec = load("data")
    assert spec.classes == ["0", "1"] and spec.size == 8 and not spec.binary
    assert torch.equal(samples["label"], torch.from_numpy(half(1)[2:10]).expand(6, -1, -1))
    assert torch.equal(samples["image"][:, 0], samples["label"] * 200)


def test_masks_as_the_file_lies_are_named(module, load):
    write("data", half(1), ("images/{}.png", "masks/{}.png"), (6, 1))
    for number in range(6):
        Image.fromarray(np.rot90(half(1)).copy()).save(f"data/masks/{number}.png")
    with pytest.raises(module("core.errors").UserError, match=r"is of 12 x 8 .* of 8 x 12; one of"):
        load("data")


def test_splits_may_be_beside_or_within_images_and_masks(module):
    for split in ("Train", "val"):
        write(f"beside/{split}", half(1), ("images/{}.png", "masks/{}.png"))
        write("within", half(1), (f"images/{split}/" + "{}.png", f"masks/{split}/" + "{}.png"))
    for root in ("beside", "within"):
        cfg = module("data").DataConfig(root=Path(root))
        loaders, _ = module("data").build_loaders(cfg, 0)
        assert [len(loader.dataset) for loader in loaders.values()] == [6, 6]


@pytest.mark.parametrize("classes", [None, ["background", "road"]])
def test_255_is_the_second_class_where_no_mask_has_a_1(load, caplog, classes):
    write("data", half(255), ("images/{}.png", "masks/{}.png"))
    samples, spec = load("data", classes=classes)
    assert spec.classes == (classes or ["0", "255"]) and spec.binary
    assert samples["label"].unique().tolist() == [0, 1]
    assert "255 is taken for the second class" in caplog.text


def test_classes_that_no_pixel_has_are_named_and_one_alone_is_refused(module, load, caplog):
    caplog.set_level(logging.INFO)
    write("data", half(2), ("images/{}.png", "masks/{}.png"))
    load("data", classes=["sky", "road", "car"])
    assert "none for train is of class road" in caplog.text
    write("zero", half(0), ("images/{}.png", "masks/{}.png"))
    write("three", half(255), ("images/{}.png", "masks/{}.png"))
    for root, classes in (("zero", None), ("three", ["sky", "road", "car"])):
        with pytest.raises(
            module("core.errors").UserError, match="no class but 0, for 255 means unl"
        ):
            load(root, classes=classes)


def test_segment_writes_masks_as_the_files_lie(module, train, monkeypatch):
    write("data", half(255), ("images/{}.png", "masks/{}.png"), (6, 1))
    assert train(*QUICK, "--data.root", "data") == 0
    segment = module("segment")
    # A model that knows: what is bright is of the second class.
    bright = torch.tensor([-1.0, 1.0])[:, None, None]

    def know(model, batch):
        return batch["image"].mean(1)[:, None] * bright

    monkeypatch.setattr(segment, "predict", know)
    Path("data/images/bad.png").write_bytes(b"?")
    assert segment.main(["--run", "runs/run", "--input", "data/images"]) == 2
    for number in range(6):
        lies = np.asarray(Image.open(f"data/images/{number}.png"))
        made = np.asarray(Image.open(f"runs/run/masks/{number}.png"))
        assert np.array_equal(made, np.where(lies > 100, 255, 0))


def test_broken_pairs_are_left_out_if_asked_to(module, load):
    write("data", half(1), ("images/{}.png", "masks/{}.png"))
    Path("data/masks/2.png").write_bytes(b"?")
    Image.new("L", (3, 3)).save("data/images/4.png")
    samples, _ = load("data", skip_broken=True)
    assert len(samples["label"]) == 4
    shutil.rmtree("data/masks")
    with pytest.raises(module("core.errors").UserError, match="data/masks is not a folder"):
        load("data")
