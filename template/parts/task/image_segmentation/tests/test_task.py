"""The promises of the task: it learns its data, and tells and draws what it has learned."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_training import ledger


def test_learns_the_data_and_commands_find_the_digits(module, command, call):
    assert module("train").main(["--name", "run"]) == 0
    assert max(line.get("eval/mean_iou", 0) for line in ledger("run")) >= 0.75

    loaders, spec = module("data").build_loaders(module("data").DataConfig(), 0)
    loader = loaders["evaluation"]
    Path("scenes/more").mkdir(parents=True)
    scenes = loader.dataset[[0, 1, 2, 3]]
    names = ["scenes/a.png", "scenes/b.png", "scenes/c.png", "scenes/more/d.png"]
    for name, image in zip(names, scenes["image"], strict=True):
        Image.fromarray(image[0].numpy()).resize((40, 40)).save(name)

    done = command("segment", "--run", "runs/run", "--input", "scenes")
    assert done.returncode == 0, done.stderr
    files = ["runs/run/masks/a.png", "runs/run/masks/b.png", "runs/run/masks/c.png"]
    assert done.stdout.splitlines() == [*files, "runs/run/masks/more/d.png"]
    masks = np.stack([Image.open(file) for file in done.stdout.splitlines()])
    truth = scenes["label"].numpy().repeat(2, 1).repeat(2, 2)
    assert (masks == truth).mean() > 0.8

    lines = call("predict", "--run", "runs/run", "--input", "scenes")
    assert [line["input"] for line in lines] == names
    for line, mask in zip(lines, masks, strict=True):
        shares = {spec.classes[value]: (mask == value).mean() for value in np.unique(mask)}
        assert line["shares"] == pytest.approx(shares, abs=1e-4)
        assert set(line["classes"]) == {name for name in shares if shares[name] >= 0.05}
        assert line["classes"][0] == "background"
    (report,) = call("evaluate", "--run", "runs/run")
    mean = np.mean([report["classes"][name]["iou"] for name in spec.classes])
    assert report["mean_iou"] == pytest.approx(mean)


@pytest.mark.parametrize("size", [(7, 30), (20, 20), (33, 21)])
def test_any_size_of_image_will_do(module, config, size):
    spec = module("sources.images").Spec(["background", "thing"], 3, 20)
    model = module("model").build_model(config.model, spec)
    assert model(torch.rand(2, 3, *size)).shape == (2, 2, *size)


def test_predict_names_what_is_missing(module, train, call):
    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    Path("nothing").mkdir()
    for command in ("predict", "segment"):
        for words, place in (("x.png", "x.png"), ("no image in nothing", "nothing")):
            with pytest.raises(module("core.errors").UserError, match=words):
                call(command, "--run", "runs/run", "--input", place)
