"""The evaluation drill: each example counts once, on any number of processes, whatever is left."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from drills import edited
from PIL import Image
from sklearn.datasets import load_digits

pytestmark = [pytest.mark.drill, pytest.mark.slow]

CLASSES, PROCESSES, SIZES = 5, (1, 2, 3), (1, 7, 64, 65)
# One score that counts, and one per example that is 1 if that one counts.
COUNTS = """
plain_score = score


def score(outputs, batch):
    values = plain_score(outputs, batch) | {"threes": (outputs.argmax(1) == 3).float()}
    return values | {f"seen/{key}": (batch["key"] == key).float() for key in range(65)}
"""
PADDING = """
real_weigh = weigh


def weigh(values, real):
    return real_weigh(values, len(values["loss"]))
"""
# Without loader, batches, padding and sums: the scores of one example after the other.
LOOP = """
import json, sys
from pathlib import Path

import torch

from .config import parse_arguments
from .data import build_loaders
from .model import predict, score
from .settings.command import RunCommand
from .trained import load_model

given, cfg = parse_arguments(RunCommand, sys.argv[1:])
model, _ = load_model(given.run, given.weights, cfg)
loader = build_loaders(cfg.data, cfg.seed)[0]["evaluation"]
scores = []
with torch.no_grad():
    for index in range(len(loader.dataset)):
        batch = loader.transform(loader.dataset[[index]])
        values = score(predict(model.eval(), batch), batch)
        scores.append({name: value.item() for name, value in values.items()})
print(json.dumps(scores))
"""


def write_images(root: Path, size: int) -> Path:
    """Write a folder with as many images to evaluate on, in `test`."""
    digits = load_digits()
    classes = [np.flatnonzero(digits.target == label)[:40] for label in range(CLASSES)]
    mixed = np.stack(classes, axis=1).ravel()  # one of each class after the other
    parts = {"train": mixed[:100], "test": mixed[100:][:size]}
    for part, indices in parts.items():
        for index in indices:
            folder = root / part / str(digits.target[index])
            folder.mkdir(parents=True, exist_ok=True)
            pixels = np.rint(digits.images[index] * (255 / 16)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
    return root


@pytest.fixture
def evaluate(render, nursery, tmp_path):
    """Give a function that evaluates a trained model on a number of images, in a given way."""
    roots = {size: write_images(tmp_path / f"images-{size}", size) for size in SIZES}

    def run(size: int, batch: int, processes: int, module: str = "evaluate", **added: str):
        """Return what the module prints."""
        project, folder = tmp_path / "project", tmp_path / "lives"
        if not project.exists():
            edited(render(), project, model=COUNTS, loop=LOOP, **added)
            settings = ["--name", "run", "--data.root", str(roots[65]), "--duration", "30 steps"]
            life = nursery.live(project, folder, "train", *settings, "--data.batch_size", "16")
            assert life.codes == [0], life.output
        settings = ["--data.root", str(roots[size]), "--data.batch_size", str(batch)]
        settings += ["--run", "runs/run"]
        life = nursery.live(project, folder, module, *settings, processes=processes)
        assert not any(life.codes), life.output
        return json.loads(life.output.splitlines()[-1])

    return run


def in_a_loop(evaluate: Callable, size: int) -> dict[str, float]:
    """Return the averages over the examples, scored one after the other."""
    scores = evaluate(size, 1, 1, module="loop")
    assert len(scores) == size
    return {name: sum(each[name] for each in scores) / size for name in scores[0]}


BATCHES = [16, *(pytest.param(size, marks=pytest.mark.deep) for size in (3, 100))]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("size", SIZES)
def test_counts_each_example_once(size, batch, evaluate, drill):
    with drill("evaluation"):
        expected = in_a_loop(evaluate, size)
        seen = [expected[f"seen/{key}"] for key in range(65)]
        assert seen == [1 / size] * size + [0] * (65 - size)
        assert size < 60 or 0 < expected["threes"] < 1
        for processes in PROCESSES:
            scores = evaluate(size, batch, processes)
            assert sum(map(sum, scores["confusion"])) == size
            scores = {name: scores[name] for name in expected}  # those that are means
            assert scores.pop("loss") == pytest.approx(expected["loss"], rel=1e-6)
            assert scores == {name: value for name, value in expected.items() if name != "loss"}


def test_counted_padding_is_told_apart(evaluate, drill):
    """What the drill is there to find: examples that are there twice to fill up a batch."""
    with drill("evaluation, control"):
        expected = in_a_loop(partial(evaluate, **{"core/averages": PADDING}), 65)
        scores = evaluate(65, 16, 2)
        assert scores["seen/64"] != expected["seen/64"]
        assert scores["loss"] != pytest.approx(expected["loss"], rel=1e-6)
