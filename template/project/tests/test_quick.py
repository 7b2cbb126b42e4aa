"""A mistake, and --help, are told before torch is imported, which takes seconds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in sorted(next(ROOT.glob("*/train.py")).parent.rglob("*.py"))
    if "PYTHON_ARGCOMPLETE_OK" in file.read_text()
]
FORBIDDEN = "import sys; sys.modules['torch'] = None\n"


def start(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Start a command where importing torch is an error."""
    Path("sitecustomize.py").write_text(FORBIDDEN)
    paths = f"{Path.cwd()}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.parametrize("module", COMMANDS)
def test_help_needs_no_torch(module):
    done = start(module, "--help")
    assert done.returncode == 0, done.stderr
    for word in ("--config", "--optim.lr", "learning rate", "a number >0"):
        assert word in done.stdout


def test_help_on_a_run_tells_the_settings_of_the_run(package):
    Path("run").mkdir()
    Path("run/config.yaml").write_text("optim: {lr: 0.123}")
    for module in {f"{package}.evaluate", f"{package}.predict"} & {*COMMANDS}:
        done = start(module, "--run", "run", "--help")
        assert done.returncode == 0 and "a number >0; 0.123)" in done.stdout, done.stderr


@pytest.mark.parametrize("module", COMMANDS)
def test_mistake_needs_no_torch(module):
    for arguments in (["--seed"], ["word"], ["--sead", "1"]):
        done = start(module, *arguments)
        assert done.returncode == 2 and re.fullmatch("error: .+\n", done.stderr), done.stderr


@pytest.mark.parametrize("text", ["optim: {lrr: 1}", "seed: x", "a: [", "optim: {clip_norm: -1}"])
def test_mistake_in_a_file_needs_no_torch(package, text):
    Path("mine.yaml").write_text(text)
    done = start(f"{package}.train", "--config", "mine.yaml")
    assert done.returncode == 2 and re.fullmatch("error: mine.yaml.+\n", done.stderr), done.stderr


def test_completes_keys(package):
    pytest.importorskip("argcomplete")
    line = f"python -m {package}.train --optim.l"
    done = start(
        f"{package}.train",
        _ARGCOMPLETE="3",
        _ARGCOMPLETE_IFS="\n",
        _ARGCOMPLETE_STDOUT_FILENAME="completions",
        COMP_LINE=line,
        COMP_POINT=str(len(line)),
    )
    assert done.returncode == 0, done.stderr
    assert {"--optim.lr", "--optim.lr_scale"} <= {*Path("completions").read_text().split()}
