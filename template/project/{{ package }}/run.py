"""The run folder: its name, its lock, what it was made of and how it ended."""

import json
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import torch
import yaml
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from filelock import FileLock, Timeout

from .config import Config, flatten, to_yaml
from .errors import UserError
from .rng import mix

RUNS = Path("runs")
FREE = ("name", "resume", "log_every", "save_every", "keep", "data.workers")
"""settings that may change from one start of a run to the next"""


class Run:
    """A folder in `runs` that only this run writes to until its processes end."""

    def __init__(self, cfg: Config, accelerator: Accelerator):
        self.main = accelerator.is_main_process
        found: list[Path | UserError | None] = [None]
        if self.main:
            try:
                found = [self.open(cfg, accelerator.num_processes)]
            except UserError as error:
                found = [error]
        broadcast_object_list(found)  # an error, too, or the others would wait for this process
        if isinstance(found[0], UserError):
            raise found[0]
        self.folder = found[0]
        self.checkpoints = self.folder / "checkpoints"
        self.best = self.folder / "best" / "model.safetensors"

    def __enter__(self) -> "Run":
        self.write("status.json", {"state": "running"})
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind:
            self.write("status.json", {"state": "failed"})
        if self.main:
            self.lock.release()

    def open(self, cfg: Config, processes: int) -> Path:
        """Make or reopen the folder, and lock it."""
        settings = {k: v for k, v in flatten(yaml.safe_load(to_yaml(cfg))).items() if k not in FREE}
        unique = f"{mix(json.dumps(settings)):016x}"[:8]
        folder = RUNS / (cfg.name or f"{cfg.optim.name.lower()}-{cfg.schedule.name}-{unique}")
        try:
            folder = make_folder(folder, fresh=cfg.resume == "never")
            self.lock = FileLock(folder / ".lock")
            # A killed run's loader workers hold its lock until they notice, some seconds later.
            self.lock.acquire(timeout=10)
        except Timeout:
            raise UserError(f"{folder} is in use by another process") from None
        except OSError as error:
            raise UserError(f"{folder}: the run folder can't be written: {error}") from None
        if (folder / "config.yaml").exists():
            check_same(folder, settings)
        else:
            (folder / "manifest.json").write_text(json.dumps(describe(cfg, processes), indent=2))
            (folder / "config.yaml").write_text(to_yaml(cfg))
        return folder

    def write(self, name: str, content: dict[str, object]) -> None:
        """Write a JSON file of the folder, which is never seen half written."""
        if self.main:
            beside = self.folder / f"{name}.part"
            beside.write_text(json.dumps(content))
            beside.replace(self.folder / name)


def make_folder(folder: Path, fresh: bool) -> Path:
    """Return the folder, made if need be; a fresh one is the first free of NAME, NAME-2, ..."""
    number = 1
    while True:
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            candidate.mkdir(parents=True, exist_ok=not fresh)
            return candidate
        except FileExistsError:
            number += 1


def check_same(folder: Path, settings: dict[str, object]) -> None:
    """Raise UserError if the folder's run was started with other settings."""
    before = flatten(yaml.safe_load((folder / "config.yaml").read_text()))
    for key, value in settings.items():
        if before.get(key) != value:
            raise UserError(
                f"{folder} was started with {key} {before.get(key)}, not {value}; "
                "use the same settings, another --name, or --resume never"
            )


def describe(cfg: Config, processes: int) -> dict[str, object]:
    """Return what this run is made of: code, answers, packages and machine."""
    project = Path(__file__).parents[1]
    answers = project / ".copier-answers.yml"

    def git(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", *command], cwd=project, capture_output=True, text=True)
        except FileNotFoundError:
            return None
        return done.stdout if done.returncode == 0 else None

    return {
        "command": sys.argv,
        "seed": cfg.seed,
        "template": yaml.safe_load(answers.read_text()) if answers.exists() else None,
        "git": {"commit": git("rev-parse", "HEAD"), "diff": git("diff", "HEAD")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "processes": processes,
        "packages": {d.name: d.version for d in distributions()},
    }
