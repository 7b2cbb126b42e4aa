"""The promises of the task: it learns its data, and knows what it has learned."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from test_training import ledger


def test_learns_the_data_and_knows_most_digits(module, command, call):
    assert module("train").main(["--name", "run"]) == 0
    assert max(line.get("eval/accuracy", 0) for line in ledger("run")) >= 0.95
    digits = load_digits()
    Path("digits").mkdir()
    for number, label in enumerate(digits.target[:20]):
        pixels = np.rint(digits.images[number] * (255 / 16)).astype(np.uint8)
        Image.fromarray(pixels).save(f"digits/{number:02}-{label}.png")
    done = command("predict", "--run", "runs/run", "--input", "digits")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["input"] for line in lines] == [str(p) for p in sorted(Path("digits").iterdir())]
    assert sum(line["input"].endswith(f"-{line['label']}.png") for line in lines) >= 15
    assert all(0.1 <= line["probability"] <= 1 for line in lines)
    for line in lines:
        assert line["probability"] == line["probabilities"][line["label"]]
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert call("predict", "--run", "runs/run", "--input", lines[3]["input"]) == [lines[3]]


def test_predict_names_what_is_missing(module, train, call):
    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    Path("nothing").mkdir()
    for words, place in (("x.png", "x.png"), ("no image in nothing", "nothing")):
        with pytest.raises(module("core.errors").UserError, match=words):
            call("predict", "--run", "runs/run", "--input", place)
