"""docs/adding.md does what it says: its diffs apply, and what they add renders, lints and runs."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rows
from conftest import ROOT, copy
from drills import HANGS
from test_render import CHECKS, ruff

DIFFS = re.findall(
    r"^```diff\n(.*?)^```", (ROOT / "docs/adding.md").read_text("utf-8"), re.M | re.S
)
ADDED = {"schedule": "polynomial", "trackers": "swanlab"}


@pytest.fixture(scope="module", params=zip(ADDED, DIFFS, strict=True), ids=ADDED.values())
def added(request, snapshot, tmp_path_factory) -> tuple[Path, str]:
    """Give a copy of the template with an answer more, and the question it answers."""
    question, diff = request.param
    folder = tmp_path_factory.mktemp("added") / "template"
    shutil.copytree(snapshot, folder)
    for name in ("docs", "hooks"):
        shutil.copytree(ROOT / name, folder / name)
    # Above it may stand a repository, such as this one, which would be patched instead.
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    apply = ["git", "apply", "--whitespace=error"]
    done = subprocess.run(apply, cwd=folder, env=alone, input=diff.encode(), capture_output=True)
    assert done.returncode == 0, f"{question} of docs/adding.md: {done.stderr.decode()}"
    return folder, question


def with_answer(row: dict, question: str) -> dict:
    """Give a row's answers with the new one."""
    given, new = rows.answers(row), ADDED[question]
    return given | {question: [*given[question], new] if question == "trackers" else new}


def run(project: Path, folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run Python in a folder, with the project at hand."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=HANGS,
    )


def test_rows_and_generated_files_know_it(added):
    folder, question = added
    path, new = folder / "copier.yml", ADDED[question]
    factor, value = (f"trackers/{new}", True) if question == "trackers" else (question, new)
    assert value in rows.factors(path)[factor]
    assert rows.lean(path) | {factor: value} in rows.alone(path)
    assert any(row[factor] == value for row in rows.pairs(2, path))
    for script in ("hooks/cookiecutter_json.py", "docs/generate.py"):
        assert new in runpy.run_path(str(folder / script))["generate"]()


@pytest.mark.parametrize("row", [rows.LEAN, rows.FULL], ids=rows.name)
def test_it_renders_clean(added, row, tmp_path):
    folder, question = added
    project = copy(folder, tmp_path / "project", with_answer(row, question))
    assert not [fault for check in CHECKS for fault in check(project)]
    assert not ruff([project])
    if question == "trackers":
        assert (project / "digits" / "trackers" / "swanlab.py").is_file()
        assert "swanlab>=" in (project / "pyproject.toml").read_text(encoding="utf-8")
    else:
        settings = (project / "configs" / "train.yaml").read_text(encoding="utf-8")
        assert "name: polynomial" in settings


def test_it_runs(added, tmp_path):
    folder, question = added
    project = copy(folder, tmp_path / "project", with_answer(rows.LEAN, question))
    if question == "trackers":
        # The library itself isn't here, which is what a tracker mustn't need to be imported.
        code = "import digits.trackers.swanlab as part; print(callable(part.open_tracker))"
        done = run(project, tmp_path, "-c", code)
        assert done.stdout == "True\n", done.stderr
    else:
        train = ("-m", "digits.train", "--schedule.name", "polynomial", "--duration", "3 steps")
        done = run(project, tmp_path, *train, "--schedule.args", "{power: 2}", "--name", "x")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "runs" / "x" / "best" / "model.safetensors").is_file()
        check_names(project, folder, tmp_path)


def check_names(project: Path, template: Path, folder: Path) -> None:
    """See that every place which lists the schedules lists all of them."""
    said = run(project, folder, "-m", "digits.train", "--schedule.name", "nonsense").stderr
    names = said.strip().rpartition("allowed: ")[2].split(", ")
    listed = rows.choices(rows.questions(template / "copier.yml")["schedule"])
    assert set(names) == set(listed) - {"warmup_cosine"}
    help = run(project, folder, "-m", "digits.train", "--help").stdout
    readme = (project / "README.md").read_text(encoding="utf-8")
    # Those that list them, which an example of one or two doesn't.
    for text in (help, readme):
        assert "warm_restarts" not in text or all(re.search(rf"\b{x}\b", text) for x in names)
