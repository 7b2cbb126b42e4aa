"""The commands that use a trained run: `evaluate` and `predict`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits


@pytest.fixture
def call(module, capsys) -> Callable:
    """Return a function that runs a command in this process and returns the JSON it prints."""

    def call(name: str, *arguments: object) -> list:
        capsys.readouterr()
        module(name).main([str(argument) for argument in arguments])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def test_evaluate_gives_the_scores_of_the_run(train, command, call):
    assert train("--duration", "2 epochs") == 0
    run = Path("runs/run")
    best = pytest.approx(json.loads((run / "status.json").read_text())["best"], rel=1e-4)
    assert call("evaluate", "--run", run) == [best]
    assert call("evaluate", "--run", run, "--data.batch_size", "7") == [best]
    done = command("evaluate", "--run", str(run), processes=2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == best

    last = call("evaluate", "--run", run, "--weights", "last")
    checkpoint = sorted(run.glob("checkpoints/*"))[-1]
    shutil.copy(checkpoint / "model.safetensors", run / "best")
    assert call("evaluate", "--run", run) == last


def test_predict_knows_most_digits(train, command, call):
    # Without the project's own settings, some of which are slow at the start.
    Path("fast.yaml").write_text("optim: {lr: 0.003}\nschedule: {name: onecycle}\n")
    assert train("--config", "fast.yaml", "--duration", "4 epochs") == 0
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
    assert call("predict", "--run", "runs/run", "--input", lines[3]["input"]) == [lines[3]]


def test_commands_name_what_is_missing(module, train, call):
    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    shutil.copytree("runs/run", "runs/empty")
    shutil.rmtree("runs/empty/best")
    shutil.rmtree("runs/empty/checkpoints")
    Path("nothing").mkdir()
    for words, command, *arguments in (
        ("no run in runs/other", "evaluate", "--run", "runs/other"),
        ("no run in runs/other", "predict", "--run", "runs/other", "--input", "x.png"),
        ("no best weights", "evaluate", "--run", "runs/empty"),
        ("no last weights", "evaluate", "--run", "runs/empty", "--weights", "last"),
        ("optim.lrr", "evaluate", "--run", "runs/run", "--optim.lrr", 1),
        ("was trained on", "evaluate", "--run", "runs/run", "--data.size", 9),
        ("x.png", "predict", "--run", "runs/run", "--input", "x.png"),
        ("no image in nothing", "predict", "--run", "runs/run", "--input", "nothing"),
    ):
        with pytest.raises(module("errors").UserError, match=words) as caught:
            call(command, *arguments)
        assert "\n" not in str(caught.value)
