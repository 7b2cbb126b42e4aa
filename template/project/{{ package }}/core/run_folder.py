"""The run folder: its name, its lock, and how the run ended."""

import json
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from filelock import FileLock, Timeout

from .errors import Fault, UserError, attempt, one_line
from .files import written_whole
from .log import figure
from .manifest import check_data, check_same, describe, fixed_settings
from .rng import mix
from .settings import to_yaml

RUNS = Path("runs")
PATIENCE = 10
"""seconds to wait for a folder's lock, which a killed run's loader workers hold for some more"""


class Run:
    """A folder in `runs` that only this run writes to until its processes end."""

    def __init__(self, cfg: Any, accelerator: Accelerator):
        self.cfg, self.processes = cfg, accelerator.num_processes
        self.main = accelerator.is_main_process
        found = [attempt(self.open) if self.main else None]
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
            check_same(folder, type(cfg), settings)
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
            with written_whole(self.folder / "config.yaml") as beside:
                beside.write_text(to_yaml(self.cfg))
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
        if not self.main:
            return
        if kind and self.begun:
            with suppress(Fault):  # of a full disk, say, which ends the run
                reason = one_line(error) or kind.__name__
                self.write("status.json", {"state": "failed", "reason": reason})
        if kind and self.log:
            with suppress(OSError):
                self.log.close("failed")
        self.lock.release()
        if kind and not (self.folder / "config.yaml").exists():
            shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the folder."""
        if self.main:
            with written_whole(self.folder / name) as beside:
                beside.write_text(json.dumps(content, indent=2))


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


def make_folder(folder: Path, fresh: bool) -> Path:
    """Return the folder, made if need be; a fresh one is the first free of NAME, NAME-2, ..."""
    for number in count(1):
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        with suppress(FileExistsError):
            candidate.mkdir(parents=True, exist_ok=not fresh)
            return candidate
