"""The run folder: its name, its lock, what it was made of and how it ended."""

import json
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import distributions
from itertools import count
from pathlib import Path
from typing import Any

import torch
import yaml
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from filelock import FileLock, Timeout

from ..config import Config, flatten, parse_config, to_yaml
from .errors import UserError, one_line
from .log import figure
from .rng import mix

RUNS = Path("runs")
FREE = {"name", "resume", "time_limit", "log_every", "save_every", "keep"}
FREE |= {"data.batch_size", "data.workers", "optim.accumulate", "optim.max_skips"}
"""settings that may change from one start of a run to the next"""
WINDOW = "data.batch_size x optim.accumulate x processes"
"""what must not: the number of examples of an optimizer step, however they are spread"""
PATIENCE = 10
"""seconds to wait for a folder's lock, which a killed run's loader workers hold for some more"""


class Run:
    """A folder in `runs` that only this run writes to until its processes end."""

    def __init__(self, cfg: Config, accelerator: Accelerator):
        self.cfg, self.processes = cfg, accelerator.num_processes
        self.main = accelerator.is_main_process
        found: list[Path | UserError | None] = [None]
        if self.main:
            try:
                found = [self.open()]
            except UserError as error:
                found = [error]
        broadcast_object_list(found)  # an error, too, or the others would wait for this process
        if isinstance(found[0], UserError):
            raise found[0]
        self.folder = found[0]
        self.begun, self.log = False, None
        self.checkpoints = self.folder / "checkpoints"
        self.best = self.folder / "best" / "model.safetensors"

    def open(self) -> Path:
        """Make or reopen the folder, and lock it."""
        cfg, settings = self.cfg, fixed_settings(self.cfg, self.processes)
        unique = f"{mix(json.dumps(settings)):016x}"[:8]
        folder = RUNS / (cfg.name or f"{cfg.optim.name.lower()}-{cfg.schedule.name}-{unique}")
        try:
            folder = make_folder(folder, fresh=cfg.resume == "never")
            self.lock = FileLock(folder / ".lock")
            self.lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise UserError(f"{folder} is in use by another process") from None
        except OSError as error:
            raise UserError(f"{folder}: the run folder can't be written: {error}") from None
        if (folder / "config.yaml").exists():
            check_same(folder, settings)
        return folder

    def begin(self, spec: dict[str, Any], data: dict[str, str]) -> None:
        """Write what the run is made of, once all of it has been built.

        Raises UserError if its data, which is told by what each part is, isn't what it was.
        """
        if (self.folder / "data.json").exists():
            check_data(self.folder, data)
        if self.main and not (self.folder / "config.yaml").exists():
            self.write("manifest.json", describe(self.cfg, self.processes))
            self.write("spec.json", spec)
            self.write("data.json", data)
            (self.folder / "config.yaml").write_text(to_yaml(self.cfg))
        self.begun = True
        # What stays if it is killed; that it runs is told by its lock.
        self.write("status.json", {"state": "unfinished"})

    def end(self, done: bool, step: int, best: dict[str, float], tested: dict[str, float]) -> None:
        """Write and tell how the run ended; `tested` are the scores of its test part, if any."""
        state = "finished" if done else "preempted"
        self.log.close(state)
        scores = {"best": best, "test": tested} if tested else {"best": best}
        self.write("status.json", {"state": state, "step": step} | scores)
        if self.main:
            print(f"{self.folder}: {state} at step {step}")
            for name, values in scores.items():
                told = ", ".join(f"{score} {figure(value)}" for score, value in values.items())
                print(f"  {name}: {told or 'not evaluated yet'}")

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if self.main:
            if kind and self.begun:
                reason = one_line(error) or kind.__name__
                with suppress(OSError):  # of a full disk, say, which ends the run
                    self.write("status.json", {"state": "failed", "reason": reason})
            if kind and self.log:
                self.log.close("failed")
            self.lock.release()
            if kind and not (self.folder / "config.yaml").exists():
                shutil.rmtree(self.folder)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the folder, which is never seen half written."""
        if self.main:
            beside = self.folder / f"{name}.part"
            beside.write_text(json.dumps(content, indent=2))
            beside.replace(self.folder / name)


def read_state(folder: Path) -> str:
    """Return how a run ended, `running` while its lock is held, or `killed` if neither is so."""
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return "running"
    lock.release()
    state = json.loads((folder / "status.json").read_text())["state"]
    return "killed" if state == "unfinished" else state


def fixed_settings(cfg: Config, processes: int) -> dict[str, Any]:
    """Return the settings, by dotted key, that are the same in all starts of a run."""
    settings = flatten(yaml.safe_load(to_yaml(cfg)))
    window = {WINDOW: cfg.data.batch_size * cfg.optim.accumulate * processes}
    return {key: value for key, value in settings.items() if key not in FREE} | window


def make_folder(folder: Path, fresh: bool) -> Path:
    """Return the folder, made if need be; a fresh one is the first free of NAME, NAME-2, ..."""
    for number in count(1):
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        with suppress(FileExistsError):
            candidate.mkdir(parents=True, exist_ok=not fresh)
            return candidate


def check_same(folder: Path, settings: dict[str, Any]) -> None:
    """Raise UserError if the folder's run was started with other settings.

    What wasn't a setting then must have its default, which does what was done before it.
    """
    processes = json.loads((folder / "manifest.json").read_text())["processes"]
    before = fixed_settings(parse_config("", [], folder / "config.yaml"), processes)
    for key in before | settings:
        if before.get(key) != settings.get(key):
            raise UserError(
                f"{folder} was started with {key} {before.get(key)}, not {settings.get(key)}; "
                "use the same settings, another --name, or --resume never"
            )


def check_data(folder: Path, data: dict[str, str]) -> None:
    """Raise UserError if the folder's run was started with other data."""
    before = json.loads((folder / "data.json").read_text())
    for part in before | data:
        if before.get(part) != data.get(part):
            raise UserError(
                f"{folder} was started with other data: its part for {part} was "
                f"{before.get(part)}, now {data.get(part)}; bring the files back, or begin anew "
                "with another --name, or --resume never"
            )


def describe(cfg: Config, processes: int) -> dict[str, Any]:
    """Return what this run is made of: code, answers, packages and machine."""
    project = Path(__file__).parents[2]
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
