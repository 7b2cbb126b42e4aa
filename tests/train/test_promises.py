"""What a generated repository promises, tried as its new owner would, command by command."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import rows
from conftest import commit
from drills import HANGS
from proofs import SMALL, TASKS

pytestmark = [pytest.mark.deep]

# What needs a network, a cluster, a daemon, or answers to questions; other tests see to these.
ELSEWHERE = ("uvx ", "docker ", "sbatch ", "mkdir ../again")
# Several machines with eight GPUs each are two processes here.
ALONE = {"--nnodes 2": "--nnodes 1", "--nproc_per_node 8": "--nproc_per_node 2"}
ALONE |= {"HOST:29500": "localhost:29511"}
ALONE |= {"multi_node.yaml": "multi_node.yaml --num_machines 1 --num_processes 2"}


def odd(count: int) -> list[dict]:
    """Give rows that lie far from lean, from full and from each other, and need no GPU."""
    chosen, others = [rows.LEAN, rows.FULL], [row | SMALL for row in rows.pairs()]
    others = [row for row in others if row["precision"] != "fp16"]
    while len(chosen) < count + 2:
        others.sort(key=lambda row: min(sum(row[x] != y[x] for x in row) for y in chosen))
        chosen.append(others.pop())
    return chosen[2:]


ROWS = {"lean": rows.LEAN, "full": rows.FULL | SMALL}
ROWS |= {f"odd-{number}": row for number, row in enumerate(odd(4), 1)}


def installers(project: Path, venv: Path) -> dict[str, list[str]]:
    """Give the commands that install a project into a new environment, by tool."""
    torch, create = "torch==2.13.0", f"uv venv -q --python {sys.executable} {venv}"
    install = f"uv pip install -q --python {venv}/bin/python {torch}"
    return {
        "pip": [f"{sys.executable} -m venv {venv}", f"{venv}/bin/pip install -q {torch} -e .[dev]"],
        "uv": [create, f"{install} -e .[dev]"],
        # Of all but torch, which would bring gigabytes of CUDA.
        "lowest": [create, install, f"{install} --resolution lowest-direct -e .[dev]"],
    }


def commands(readme: str) -> list[str]:
    """Give the lines of all blocks of commands in a README, without the words behind them."""
    blocks = re.findall(r"```bash\n(.*?)```", readme, re.DOTALL)
    blocks = [block.replace("\\\n", " ") for block in blocks]
    lines = [re.sub(r"(^| +)# .*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(ELSEWHERE)]


def filled(command: str, words: dict[str, Path]) -> str:
    """Give a command with what its reader fills in."""
    for word, value in words.items():
        command = re.sub(rf"\b{word}\b", shlex.quote(str(value)), command)
    for told, here in ALONE.items():
        command = command.replace(told, here)
    return command.replace("runs/NAME", "runs/sgd")


@pytest.mark.parametrize(
    ("name", "tool"),
    [*((name, "pip") for name in ROWS), ("lean", "uv"), ("full", "uv"), ("full", "lowest")],
)
def test_installs_and_every_command_of_its_readme_works(
    render: Callable[..., Path], tmp_path: Path, name: str, tool: str
) -> None:
    project, venv = tmp_path / "project", tmp_path / "venv"
    shutil.copytree(render(**rows.answers(ROWS[name])), project)
    commit(project)
    own = runpy.run_path(str(TASKS / ROWS[name]["task"] / "own.py"))["write"](tmp_path)
    environment = os.environ | {
        "PATH": f"{venv}/bin:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(venv),
        "ACCELERATE_USE_CPU": "true",
        "PIP_CONSTRAINT": "",
    }
    if "UV_FIND_LINKS" not in environment and "PIP_FIND_LINKS" in environment:
        environment["UV_FIND_LINKS"] = environment["PIP_FIND_LINKS"]

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGS,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    for command in installers(project, venv)[tool]:
        run(command)
    told = commands((project / "README.md").read_text(encoding="utf-8"))
    assert len(told) >= 12
    # Its first is the installation, which is done; two processes make the run that others use.
    for command in sorted(told[1:], key=lambda line: "runs/NAME" in line):
        run(filled(command, own))
    for folder in (project / "runs").iterdir():
        if (folder / "status.json").exists():
            status = json.loads((folder / "status.json").read_text())
            assert status["state"] == "finished", folder.name
    if "infra/pre_commit" in rows.FULL and ROWS[name]["infra/pre_commit"]:
        run("pre-commit run --all-files")
    run("ruff check && ruff format --check")
    assert not subprocess.run(
        ["git", "status", "--porcelain"], cwd=project, capture_output=True, text=True
    ).stdout
