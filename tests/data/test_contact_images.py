"""Other people's images: each kind that came up is read rightly, or one line says what is wrong.

A project of each image task is rendered once and used in this process.
"""

import importlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image, ImageCms, features

SIZE = (12, 10)
RED = (200, 30, 60)
TASKS = ("image_classification", "image_segmentation", "image_generation")
QUICK = ["--duration", "2 steps", "--schedule.warmup", "0 steps", "--data.batch_size", "4"]
QUICK += ["--model.width", "4", "--name", "run"]


@pytest.fixture(scope="module")
def projects(render):
    """Give the modules of a project of each task, by its task and name."""
    found = {}
    for task in TASKS:
        found[task] = f"contact_{task}"
        sys.path.insert(0, str(render(task=task, package=found[task])))
    yield lambda task, name: importlib.import_module(f"{found[task]}.{name}")
    del sys.path[: len(TASKS)]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def run(projects, capsys):
    """Give what runs a command of a task in this process: its exit code and what it prints."""

    def run(task: str, command: str, *arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            code = projects(task, command).main([str(word) for word in arguments]) or 0
        except projects(task, "core.errors").UserError as error:
            assert "\n" not in str(error)
            return 2, str(error)
        return code, "".join(capsys.readouterr())

    return run


def write(root: str, count: int = 6, classes: tuple[str, ...] = ("a", "b")) -> Path:
    """Write some images of each class."""
    draw = np.random.default_rng(0)
    for name in classes:
        for number in range(count):
            file = Path(root, name, f"{number}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 255, (*SIZE[::-1], 3), dtype=np.uint8)).save(file)
    return Path(root)


def pixel(projects, file: Path, channels: int = 3, **settings) -> list[int]:
    """Give what is read of an image's first pixel."""
    cfg = projects(TASKS[0], "data").DataConfig(**settings)
    spec = projects(TASKS[0], "data").Spec(["a", "b"], channels, 10)
    return projects(TASKS[0], "sources.images").read_pixels(file, spec, cfg)[:, 0, 0].tolist()


@pytest.mark.parametrize("task", TASKS[::2])
@pytest.mark.parametrize("split", ["val", "VALID", "Validation", "dev", "Test"])
def test_splits_in_any_case(projects, task, split):
    write("data/Train", 5), write(f"data/{split}", 3)
    data = projects(task, "data")
    loaders, spec = data.build_loaders(data.DataConfig(root=Path("data"), test=0.1), 0)
    assert spec.classes == ["a", "b"]
    assert {name: len(loader.dataset) for name, loader in loaders.items()} == {
        "train": 10,
        "evaluation": 6,
    }


def test_a_class_may_be_called_train(projects):
    write("data", 5, ("bus", "train"))
    data = projects(TASKS[0], "data")
    assert data.build_loaders(data.DataConfig(root=Path("data")), 0)[1].classes == ["bus", "train"]


@pytest.mark.parametrize("count", [1, 2, 3, 90])
def test_each_class_is_on_both_sides_or_told(run, projects, count):
    write("data", 90, ("common",)), write("data", count, ("rare",))
    data = projects(TASKS[0], "data")
    loaders, _ = data.build_loaders(data.DataConfig(root=Path("data"), test=0.1), 0)
    told = run(TASKS[0], "data", "--data.root", "data", "--data.test", "0.1")[1]
    for place, (part, loader) in enumerate(loaders.items()):
        labels = loader.dataset[list(range(len(loader.dataset)))]["label"].tolist()
        assert (1 in labels) == (count > place)
        assert (f"none for {part} is of class rare" in told) == (count <= place)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "is not there; data.root wants a folder with "),
        (lambda root: root.write_bytes(b"PK"), "is a file, not a folder; data.root wants a fo"),
        (lambda root: root.mkdir(), "is empty; data.root wants a folder with "),
        (lambda root: [write("root/val"), write("root/test")], "holds test, val, but no train"),
    ],
    ids=["missing", "file", "empty", "no train"],
)
def test_what_is_no_folder_of_images_is_said_in_one_line(run, task, make, words):
    make(Path("root"))
    code, told = run(task, "train", *QUICK, "--data.root", "root")
    assert code == 2 and words in told


def test_flat_folder_is_for_generation_alone(run):
    write("data", 12, ("",))
    code, told = run(TASKS[0], "train", *QUICK, "--data.root", "data")
    assert code == 2 and "holds images and no class folders; at least 2 are needed" in told
    assert run(TASKS[2], "train", *QUICK, "--data.root", "data")[0] == 0
    assert json.loads(Path("runs/run/spec.json").read_text())["classes"] == ["all"]


def test_all_that_pillow_opens_is_read_and_the_rest_is_counted(run):
    root = write("data")
    picture = Image.new("RGB", SIZE, RED)
    kinds = {".jfif": "JPEG", ".JPE": "JPEG", ".tiff": "TIFF", ".WebP": "WEBP", ".tga": "TGA"}
    if features.check("avif"):
        kinds[".avif"] = "AVIF"
    for suffix, kind in kinds.items():
        picture.save(root / f"a/x{suffix}", format=kind)
    others = [Image.new("RGB", SIZE, colour) for colour in ("green", "blue")]
    picture.save(root / "a/moving.gif", save_all=True, append_images=others)
    for name in ("a/notes.txt", "b/x.heic", "b/x.heif", "a/none", "a/desktop.ini", "b/.hidden.png"):
        (root / name).write_bytes(b"x")
    for name in ("@eaDir/x.png", ".ipynb_checkpoints/x.png"):
        (root / "a" / name).parent.mkdir()
        (root / "a" / name).write_bytes(b"x")
    code, told = run(TASKS[0], "data", "--data.root", root)
    assert code == 0
    assert (
        "passed over: .heic x 1, .heif x 1, .txt x 1, files without a suffix x 1, "
        "hidden or system entries x 4\n" in told
    )
    assert "1 images have several frames, of which the first is taken\n" in told
    (counts,) = re.findall(r"^a +█+((?: +\d+)+)$", told, re.MULTILINE)
    assert sum(map(int, counts.split())) == 6 + len(kinds) + 1


def test_extreme_sizes_are_told(run):
    root = write("data")
    Image.new("RGB", (8, 60)).save(root / "a/long.png")
    Image.new("RGB", (64, 70)).save(root / "b/usual.png")
    code, told = run(TASKS[0], "data", "--data.root", root, "--data.size", "64")
    assert code == 0
    assert "\n1 images are over 3 times as long as wide; the middle is taken\n" in told
    assert re.search(r"(\d+) images have less than half of 64 pixels a side", told)[1] == "13"


def test_links_are_followed_once(projects):
    root = write("data", 4)
    write("far", 3, ("more",))
    os.symlink(Path("far").resolve(), root / "a/far")
    os.symlink(Path("far/more").resolve(), root / "a/again")
    for loop in (root, root / "a", Path.cwd()):
        os.symlink(loop.resolve(), root / f"a/loop-{loop.name}")
    data = projects(TASKS[0], "data")
    loaders, _ = data.build_loaders(data.DataConfig(root=root), 0)
    assert sum(len(loader.dataset) for loader in loaders.values()) == 4 + 3 + 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB"])
def test_modes_show_what_they_hold(projects, mode):
    picture = Image.new("RGB", SIZE, RED)
    if mode == "LAB":
        lab, rgb = (ImageCms.createProfile(name) for name in ("LAB", "sRGB"))
        picture = ImageCms.profileToProfile(picture, rgb, lab, outputMode=mode)
    else:
        picture = picture.quantize() if mode == "P" else picture.convert(mode)
    picture.save("x", format="JPEG" if mode == "YCbCr" else "TIFF")
    gray = picture.convert("L").getpixel((0, 0)) if mode in ("1", "L") else None
    expected = RED if gray is None else 3 * [gray]
    assert pixel(projects, Path("x")) == pytest.approx(list(expected), abs=3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "tRNS"])
@pytest.mark.parametrize(("ground", "shown"), [(255, [255] * 3), (7, [7] * 3), ([1, 2, 3],) * 2])
def test_transparent_pixels_show_the_ground(projects, mode, ground, shown):
    red = Image.new("RGB", SIZE, RED)
    if mode == "tRNS":
        red.save("x.png", transparency=RED)
    elif mode == "P":
        paletted = red.quantize()
        paletted.save("x.png", transparency=paletted.getpixel((0, 0)))
    else:
        red.putalpha(0)
        red.convert(mode).save("x.png")
    assert pixel(projects, Path("x.png"), ground=ground) == shown
    assert pixel(projects, Path("x.png")) == [255, 255, 255]


@pytest.mark.parametrize(
    ("values", "file", "settings", "gray"),
    [
        (np.uint16(65535), "x.png", {}, 255),
        (np.uint16(257 * 40), "x.tif", {}, 40),
        (np.uint16(4095), "x.png", {"range": [0.0, 4095.0]}, 255),
        (np.int32(70000), "x.tif", {"range": [0.0, 140000.0]}, 128),
        (np.float32(0.25), "x.tif", {"range": [-0.25, 0.75]}, 128),
        (np.uint8(50), "x.png", {"range": [0.0, 100.0]}, 128),
        (np.int32(7), "x.tif", {}, "numbers of 32 bits, 7 to 7; say which .* data.range"),
        (np.float32(0.5), "x.tif", {}, "numbers of 32 bits, 0.5 to 0.5; .* data.range"),
        (np.float32("nan"), "x.tif", {"range": [0.0, 1.0]}, "numbers that are not finite"),
    ],
)
def test_numbers_are_scaled_by_what_their_mode_holds(projects, values, file, settings, gray):
    Image.fromarray(np.full(SIZE[::-1], values)).save(file)
    if isinstance(gray, int):
        assert pixel(projects, Path(file), 1, **settings) == [gray]
    else:
        with pytest.raises(projects(TASKS[0], "core.errors").UserError, match=gray):
            pixel(projects, Path(file), 1, **settings)


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_any_orientation_is_shown_upright(projects, tag, kind):
    pixels, undone = projects(TASKS[0], "sources.pixels"), np.zeros((10, 12, 3), np.uint8)
    lies = projects(TASKS[1], "segment").LYING
    undone[:5, :6], undone[5:, 6:] = 255, 120  # three corners of their own
    upright = Image.fromarray(undone)
    lying = upright if tag == 1 else upright.transpose(lies[tag])
    exif = Image.Exif()
    exif[0x0112] = tag
    lying.save("x", format=kind, exif=exif, **({"quality": 100} if kind != "PNG" else {}))
    read = pixels.open_image(Path("x"))
    assert read.size == (12, 10)
    assert np.abs(np.asarray(read).astype(int) - undone).mean() < 12
    with Image.open("x") as opened:
        turn = lies.get(pixels.find_orientation(opened))
    again = read if turn is None else read.transpose(turn)
    assert again.size == lying.size
    assert np.abs(np.asarray(again).astype(int) - np.asarray(lying)).mean() < 12


@pytest.mark.parametrize("task", TASKS[::2])
def test_what_cannot_be_read_is_said_in_one_line(run, task):
    root = write("data")
    Image.new("1", (20000, 10000)).save(root / "a/large.png")
    (root / "a/empty.png").touch()
    (root / "b/cut.png").write_bytes((root / "b/1.png").read_bytes()[:90])
    code, told = run(task, "data", "--data.root", root)
    assert code == 2 and told.startswith("2 of 15 can't be used: ")
    assert "empty.png: it is empty" in told and "large.png: Image size (200000000 pixels)" in told
    code, told = run(task, "data", "--data.root", root, "--data.skip_broken", "true")
    assert code == 0 and "left out: 3 of 15 can't be used" in told


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_divided_by_nothing_where_all_are_broken(run, projects, task):
    for number in range(6):
        for place in ("images", "masks"):
            file = Path("data", place, f"{number}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"?")
    for given in ([], ["--data.channels", "3"], ["--data.skip_broken", "true"]):
        code, told = run(task, "data", "--data.root", "data", *given)
        assert code == 2 and "unreadable image data/images/0.png: in no format" in told


def test_images_of_any_kind_can_be_drawn(projects):
    """Those of a usual dataset of one's own: of two channels, of floats, of another size."""
    spec = projects(TASKS[0], "data").Spec(["a", "b"], 2, 10)
    for image in (torch.zeros(1, 2, 10, 10, dtype=torch.uint8), torch.randn(1, 3, 7, 9)):
        sample = {"image": image, "label": torch.tensor([1])}
        told = projects(TASKS[0], "sources.contact_sheet").draw_images([sample], spec, Path())
        assert told.splitlines() == ["data.png shows:", "b"]
        assert Image.open("data.png").size == (44, 44)


def test_large_photos_get_a_size_that_is_told(run):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        Path("data", name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4032, 3024)).save(f"data/{name}.png")
    told = run(TASKS[0], "data", "--data.root", "data")[1]
    assert "images are brought to 224 x 224, the first one is of 4032 x 3024 (data.size)" in told


def test_heads_are_read_only_if_they_are_needed(projects, monkeypatch):
    root, opened = write("data", 20), []
    samples, data = projects(TASKS[0], "sources.samples"), projects(TASKS[0], "data")
    count = samples.count_channels
    monkeypatch.setattr(samples, "count_channels", lambda head: opened.append(head) or count(head))
    data.build_loaders(data.DataConfig(root=root), 0)
    assert len(opened) == 40
    data.build_loaders(data.DataConfig(root=root, channels=3), 0)
    assert len(opened) == 40


def test_a_file_that_changed_is_noticed(run):
    root = write("data")
    assert run(TASKS[0], "train", *QUICK, "--data.root", root)[0] == 0
    assert run(TASKS[0], "train", *QUICK, "--data.root", root)[0] == 0
    for file in root.rglob("*.png"):
        Image.new("RGB", SIZE).save(file)
    code, told = run(TASKS[0], "train", *QUICK, "--data.root", root)
    assert code == 2 and "was started with other data" in told


def test_other_data_differs_in_one_short_line(run):
    root = write("data")
    assert run(TASKS[0], "train", *QUICK, "--data.root", root)[0] == 0
    shutil.rmtree(root / "b")
    assert run(TASKS[0], "evaluate", "--run", "runs/run", "--data.root", root)[0] == 0
    for given, words in (
        ("root=null", "classes ['a', 'b'], this data has ['0', "),
        ("size=9", "size 10, this data has 9"),
    ):
        key, value = given.split("=")
        code, told = run(TASKS[0], "evaluate", "--run", "runs/run", f"--data.{key}", value)
        assert code == 2 and words in told and len(told) < 140
