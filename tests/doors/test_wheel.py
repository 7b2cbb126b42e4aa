"""A project that is installed, not linked to, trains from any folder: its settings travel along."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    """Run Python with a command, and give what it printed."""
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, **options)


@pytest.mark.deep
def test_a_wheel_trains_from_another_folder(render, tmp_path):
    pytest.importorskip("hatchling", reason="pip install hatchling, which builds the projects")
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    project = shutil.copytree(render(extras=["ema"], tools=["report"]), tmp_path / "project")
    quiet = ["-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    done = run(*quiet, "--target", site, project)
    assert done.returncode == 0, done.stderr
    there = {"cwd": here, "env": os.environ | {"PYTHONPATH": str(site)}}
    short = ["--duration", "2 steps", "--schedule.warmup", "0 steps", "--name", "run"]
    done = run("-m", "digits.train", *short, **there)
    assert done.returncode == 0, done.stderr
    made = json.loads((here / "runs/run/manifest.json").read_text())
    assert made["packages"]["digits"] == "0.1.0"
    assert "precision: auto" in (site / "digits/train.yaml").read_text()

    (site / "digits/train.yaml").unlink()
    done = run("-m", "digits.train", **there)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "--config FILE" in done.stderr
