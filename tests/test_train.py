"""The train tier: spread rows learn their embedded data to the stated score, resume and predict."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import rows
from conftest import tree

SCORE = {"image_classification": 0.98}
"""accuracy on held-out data that every row of the task must reach"""


def spread(count: int) -> list[dict]:
    """Return rows of the covering array that lie far from each other, lean and full among them."""
    chosen = [rows.LEAN, rows.FULL]
    others = list(rows.pairs())
    while len(chosen) < count:
        others.sort(key=lambda row: min(distance(row, other) for other in chosen))
        chosen.append(others.pop())
    return chosen


def distance(one: dict, other: dict) -> int:
    """Return the number of factors in which two rows differ."""
    return sum(one[factor] != other[factor] for factor in one)


def run(project, module: str, *arguments: str, cwd) -> str:
    """Run a command of a rendered project as its user does, and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(project), "WANDB_MODE": "offline"}
    done = subprocess.run(
        [sys.executable, "-m", f"digits.{module}", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("row", spread(14), ids=rows.name)
def test_learns_and_is_used(render, row, tmp_path):
    given = rows.answers(row)
    project = render(**given)
    settings = ["--name", "run"]
    if given["precision"] == "fp16":  # which a CPU doesn't have: test_refuses_fp16 below
        settings += ["--precision", "fp32"]
    if "compile" in given["extras"] and row != rows.FULL:
        settings += ["--compile.backend", "eager"]  # the real one once: it takes half a minute
    run(project, "train", *settings, cwd=tmp_path)
    status = json.loads((tmp_path / "runs/run/status.json").read_text())
    assert status["state"] == "finished"
    assert status["best"]["accuracy"] >= SCORE[given["task"]]
    scores = json.loads(run(project, "evaluate", "--run", "runs/run", *settings[2:], cwd=tmp_path))
    assert scores == pytest.approx(status["best"], rel=1e-3)
    before = tree(tmp_path / "runs/run/checkpoints")
    run(project, "train", *settings, cwd=tmp_path)  # finished: nothing is left to do
    assert tree(tmp_path / "runs/run/checkpoints") == before


def test_refuses_fp16_without_a_gpu(render, tmp_path):
    project = render(**rows.answers(rows.LEAN | {"precision": "fp16"}))
    environment = os.environ | {"PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, "-m", "digits.train"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr == "error: precision: fp16 needs a GPU; allowed here: auto, fp32, bf16\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "row",
    [rows.LEAN, rows.FULL | {"trackers/wandb": False, "trackers/mlflow": False}],
    ids=["lean", "full"],
)
def test_its_own_tests_pass(render, row, tmp_path):
    """W&B and MLflow are tried by hand: they are as large as all the rest."""
    project = tmp_path / "project"
    shutil.copytree(render(**rows.answers(row)), project)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout and " failed" not in done.stdout
