"""What each task promises (tests/tasks), and what its project's own tests know of it."""

import runpy
import sys
from pathlib import Path

import rows
import yaml

TASKS = rows.COPIER.parent / "tests/tasks"
PYTHON = "{}.{}".format(*sys.version_info)
SMALL = {"trackers/wandb": False, "trackers/mlflow": False}
"""without W&B and MLflow, which are as large as all the rest, and tried by hand"""


def proof(task: str) -> dict:
    """Give what a task promises: the score that every row reaches, and what it says of an input."""
    return yaml.safe_load((TASKS / task / "proof.yaml").read_text())


def check_reached(task: str, scores: dict[str, float]) -> None:
    """See that the score that a task promises is as good as promised."""
    promised = proof(task)
    if promised.get("python", PYTHON) != PYTHON:
        promised |= promised["elsewhere"]
    value = scores[promised["score"]]
    assert promised.get("least", value) <= value <= promised.get("most", value)


def arguments(settings: dict[str, str]) -> list[str]:
    """Give settings as a command takes them."""
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def known(project: Path) -> dict[str, list[str]]:
    """Give what a project's own tests know of its task."""
    return runpy.run_path(str(project / "tests/task.py"))
