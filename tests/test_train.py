"""The train tier: every row learns its data to the stated score, survives a kill, and is used."""

import json
import os
import random
import re
import shutil
import subprocess
import sys

import pytest
import rows
from conftest import tree

SCORE = {"image_classification": 0.98}
"""accuracy on held-out data that every row of the task must reach"""
EVENTS = (150, 900)
"""events in ledger.py between which a row is killed: after the first epochs, before the last"""
BOTH = {"lean": rows.LEAN, "full": rows.FULL | {"trackers/wandb": False, "trackers/mlflow": False}}
"""without W&B and MLflow, which are as large as all the rest, and tried by hand"""


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


@pytest.mark.slow
@pytest.mark.parametrize("row", rows.pairs(), ids=rows.name)
def test_learns_goes_on_and_is_used(render, nursery, row, tmp_path, record_property):
    """Killed once on the way; the compiler itself is left to the full row below."""
    given = rows.answers(row)
    project = render(**given)
    changes = ["--precision", "fp32"] if given["precision"] == "fp16" else []  # has a CPU none of
    changes += ["--compile.backend", "eager"] if "compile" in given["extras"] else []
    settings = ["--name", "run", *changes]
    kill = {0: ("ledger.py", random.Random(rows.name(row)).randint(*EVENTS))}
    lives = [
        nursery.live(project, tmp_path, "train", *settings, kills=kills) for kills in (kill, {})
    ]
    assert [life.codes for life in lives] == [[-9], [0]], lives[-1].output
    folder = tmp_path / "here/runs/run"
    status = json.loads((folder / "status.json").read_text())
    assert status["state"] == "finished"
    score = status["best"]["accuracy"]
    record_property("row", [rows.name(row), score, max(life.megabytes for life in lives)])
    assert score >= SCORE[given["task"]]
    life = nursery.live(project, tmp_path, "evaluate", "--run", "runs/run", *changes)
    assert json.loads(life.output.splitlines()[-1]) == pytest.approx(status["best"], rel=1e-3)
    image = rows.COPIER.parent / "tests/seven.png"
    life = nursery.live(
        project, tmp_path, "predict", "--run", "runs/run", "--input", str(image), *changes
    )
    assert json.loads(life.output.splitlines()[-1])["label"] == "7"
    before = tree(folder / "checkpoints")
    assert nursery.live(project, tmp_path, "train", *settings).codes == [0]  # nothing left to do
    assert tree(folder / "checkpoints") == before


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_learns_by_the_command_line(render, name, tmp_path):
    """In processes of their own and, in the full row, with the real compiler."""
    project = render(**rows.answers(BOTH[name]))
    run(project, "train", "--name", "run", cwd=tmp_path)
    status = json.loads((tmp_path / "runs/run/status.json").read_text())
    assert status["state"] == "finished"
    assert status["best"]["accuracy"] >= SCORE["image_classification"]
    scores = json.loads(run(project, "evaluate", "--run", "runs/run", cwd=tmp_path))
    assert scores == pytest.approx(status["best"], rel=1e-3)


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


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_its_own_tests_pass(render, name, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(render(**rows.answers(BOTH[name])), project)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\d+ passed", done.stdout)
