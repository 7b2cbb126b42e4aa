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
from drills import HANGS, LINE
from proofs import SMALL, TASKS, check_reached, proof

LINES = (5, 20)
"""lines of the ledger between which a row is killed: after the first checkpoint, before the last"""
BOTH = {"lean": rows.LEAN, "full": rows.FULL | SMALL}
TASK_ROWS = {f"lean-{task}": rows.LEAN | {"task": task} for task in rows.factors()["task"]}
TASK_ROWS |= {f"full-{task}": rows.full(task=task) | SMALL for task in rows.factors()["task"]}


def run(project, module: str, *arguments: str, cwd) -> str:
    """Run a command of a rendered project as its user does, and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(project), "WANDB_MODE": "offline"}
    done = subprocess.run(
        [sys.executable, "-m", f"digits.{module}", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def close(scores: dict[str, float]) -> dict:
    """Give scores that equal others which are nearly the same."""
    return {name: pytest.approx(value, rel=1e-3, abs=1e-6) for name, value in scores.items()}


def told(output: str) -> dict:
    """Give what a command printed last."""
    return json.loads(output.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "whole", [False, pytest.param(True, marks=pytest.mark.deep)], ids=["", "whole"]
)
@pytest.mark.parametrize("row", rows.pairs(), ids=rows.name)
def test_learns_goes_on_and_is_used(
    render, nursery, teacher, row, whole, tmp_path, record_property
):
    """Killed once on the way; the compiler itself is left to the full row below.

    With each push, a run is stopped, by SIGTERM, once it has its score in an evaluation, unless its
    end makes a difference; in the deep form, each goes on to its end, and has it on the test part.
    """
    given = rows.answers(row)
    project, promised = render(**given), proof(given["task"])
    changes = ["--precision", "fp32"] if given["precision"] == "fp16" else []  # has a CPU none of
    changes += rows.quick(given["extras"])
    settings = ["--name", "run", *changes]
    if "distillation" in given["extras"]:
        settings += ["--distillation.teacher", str(teacher(given["task"]))]
    kill = {0: (LINE, random.Random(rows.name(row)).randint(*promised.get("lines", LINES)))}
    first = nursery.live(project, tmp_path, "train", *settings, kills=kill, compiles=whole)
    assert first.codes == [-9], first.output
    goal = None if whole or "swa" in given["extras"] else promised
    second = nursery.live(project, tmp_path, "train", *settings, goal=goal)
    assert second.codes[0] in ((0, 75) if goal else (0,)), second.output
    folder = tmp_path / "here/runs/run"
    status = json.loads((folder / "status.json").read_text())
    assert status["state"] == ("preempted" if second.codes[0] else "finished")
    part, scores = ("test", status["test"]) if "test" in status else ("evaluation", status["best"])
    peak = max(first.megabytes, second.megabytes)
    record_property("row", [rows.name(row), scores[promised["score"]], status["step"], peak])
    check_reached(given["task"], scores)
    changes += ["--part", part]
    life = nursery.live(project, tmp_path, "evaluate", "--run", "runs/run", *changes)
    assert told(life.output).items() >= close(scores).items()
    inputs = [str(TASKS / given["task"] / proof(given["task"])["input"]), *changes[:-2]]
    life = nursery.live(project, tmp_path, "predict", "--run", "runs/run", "--input", *inputs)
    found = told(life.output)
    assert found.items() >= promised.get("told", {}).items()
    for name, (low, high) in promised.get("between", {}).items():
        assert low <= found[name] <= high or status["state"] == "preempted"


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("lean", marks=pytest.mark.first), "full"])
def test_learns_by_the_command_line(render, name, tmp_path):
    """In processes of their own and, in the full row, with the real compiler."""
    project = render(**rows.answers(BOTH[name]))
    run(project, "train", "--name", "run", cwd=tmp_path)
    status = json.loads((tmp_path / "runs/run/status.json").read_text())
    assert status["state"] == "finished"
    check_reached(BOTH[name]["task"], status["test"])
    for part, scores in (("evaluation", status["best"]), ("test", status["test"])):
        found = told(run(project, "evaluate", "--run", "runs/run", "--part", part, cwd=tmp_path))
        assert found.items() >= close(scores).items()


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


def own_tests(project) -> set[str]:
    """Give the places of a project's own tests."""
    return {path.relative_to(project).as_posix() for path in project.glob("tests/test_*.py")}


def check_own_tests(project, folder, *arguments: str) -> None:
    """See a project's own tests pass in a copy of it."""
    shutil.copytree(project, folder)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_its_own_tests_pass(render, name, tmp_path):
    """Of the full row only those that the lean one lacks; the deep form has all of each task.

    And none of those that start the run again or spread it: the drills hold that to more.
    """
    project = render(**rows.answers(BOTH[name]))
    known = own_tests(render(**rows.answers(rows.LEAN))) if name == "full" else set()
    left = "resume or curve or killed or processes"
    chosen = sorted(own_tests(project) - known)
    check_own_tests(project, tmp_path / "project", "-k", f"not ({left})", *chosen)


@pytest.mark.deep
@pytest.mark.parametrize("name", TASK_ROWS)
def test_all_its_own_tests_pass(render, name, tmp_path):
    check_own_tests(render(**rows.answers(TASK_ROWS[name])), tmp_path / "project")
