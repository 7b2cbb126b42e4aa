"""What the tests share: each has a folder of its own, where its runs are written."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

ROOT = Path(__file__).parents[1]
PACKAGE = next(ROOT.glob("*/train.py")).parent.name
sys.path.insert(0, str(ROOT))

SHORT = ["--name", "run", "--duration", "56 steps", "--save_every", "7 steps"]
"""a run into its third epoch, with checkpoints within the epochs"""


class Killed(BaseException):
    """Ends a run as a SIGKILL would: nothing of it gets to clean up."""


@pytest.fixture
def package() -> str:
    """Return the package's name."""
    return PACKAGE


@pytest.fixture
def module() -> Callable:
    """Return a module of the package by name."""
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Run in an empty folder, and leave Accelerate's state and the signal handlers as they were."""
    monkeypatch.chdir(tmp_path)
    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def train(module, monkeypatch) -> Callable:
    """Return a function that trains in this process and can be killed after a checkpoint."""

    def run(*arguments: str, kill_after: int | None = None) -> int | None:
        trainer = module("train")
        save = trainer.save_checkpoint

        def save_and_die(root, step, *rest):
            save(root, step, *rest)
            if step == kill_after:
                raise Killed

        monkeypatch.setattr(trainer, "save_checkpoint", save_and_die)
        try:
            return trainer.main([*SHORT, *arguments])
        except Killed:
            return None
        finally:
            monkeypatch.setattr(trainer, "save_checkpoint", save)

    return run


@pytest.fixture
def command() -> Callable:
    """Return a function that runs a command of the package as a user does, on N processes."""

    def run(name: str, *arguments: str, processes: int = 1) -> subprocess.CompletedProcess:
        launch = [sys.executable, "-m"]
        if processes > 1:
            port = f"--rdzv-endpoint=localhost:{20000 + os.getpid() % 20000}"
            launch += ["torch.distributed.run", f"--nproc-per-node={processes}", port, "-m"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [*launch, f"{PACKAGE}.{name}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
