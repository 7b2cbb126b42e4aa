"""The commands that use a trained run: `evaluate` and `predict`."""

import json
import shutil
from pathlib import Path

import pytest
from task import OTHER


def test_evaluate_gives_the_scores_of_the_run(train, command, call):
    assert train() == 0
    run = Path("runs/run")
    best = json.loads((run / "status.json").read_text())["best"]
    done = command("evaluate", "--run", str(run), processes=2)
    assert done.returncode == 0, done.stderr
    for told in (
        *call("evaluate", "--run", run),
        *call("evaluate", "--run", run, "--data.batch_size", "14"),
        json.loads(done.stdout),
    ):
        assert {name: told[name] for name in best} == pytest.approx(best, rel=1e-4)

    last = call("evaluate", "--run", run, "--weights", "last")
    checkpoint = sorted(run.glob("checkpoints/*"))[-1]
    shutil.copy(checkpoint / "model.safetensors", run / "best")
    assert call("evaluate", "--run", run) == last


def test_commands_name_what_is_missing(module, train, call):
    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    shutil.copytree("runs/run", "runs/empty")
    shutil.rmtree("runs/empty/best")
    shutil.rmtree("runs/empty/checkpoints")
    for words, command, *arguments in (
        ("--run", "evaluate"),
        ("--run", "evaluate", "--run", "--weights", "last"),
        ("no run in runs/run/config.yaml", "evaluate", "--run", "runs/run/config.yaml"),
        ("'extra'", "evaluate", "--run", "runs/run", "extra"),
        ("no run in .*/other", "evaluate", "--run", "~/other"),
        ("no run in runs/other", "evaluate", "--run", "runs/other"),
        ("no run in runs/other", "predict", "--run", "runs/other", "--input", "x.png"),
        ("no best weights", "evaluate", "--run", "runs/empty"),
        ("no last weights", "evaluate", "--run", "runs/empty", "--weights", "last"),
        ("optim.lrr", "evaluate", "--run", "runs/run", "--optim.lrr", 1),
        ("was trained on", "evaluate", "--run", "runs/run", *OTHER),
    ):
        with pytest.raises(module("core.errors").UserError, match=words) as caught:
            call(command, *arguments)
        assert "\n" not in str(caught.value)
