"""What a run is made of: what it must not change from one start to the next, and what it ran on."""

import json
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import torch
import yaml

from ..settings.command import Command
from .errors import UserError
from .settings import flatten, parse, to_yaml

# What may change from one start of a run to the next, and what must not: the examples of a step.
FREE = {"name", "resume", "time_limit", "log_every", "save_every", "keep"}
FREE |= {"data.batch_size", "data.workers", "optim.accumulate", "optim.max_skips"}
WINDOW = "data.batch_size x optim.accumulate x processes"
PROJECT = Path(__file__).parents[2]


def fixed_settings(cfg: Any, processes: int) -> dict[str, Any]:
    """Return the settings, by dotted key, that are the same in all starts of a run."""
    settings = flatten(yaml.safe_load(to_yaml(cfg)))
    window = {WINDOW: cfg.data.batch_size * cfg.optim.accumulate * processes}
    return {key: value for key, value in settings.items() if key not in FREE} | window


def check_same(folder: Path, section: type, settings: dict[str, Any]) -> None:
    """Raise UserError for a run of other settings; one newer than the run must have its default."""
    processes = json.loads((folder / "manifest.json").read_text())["processes"]
    _, cfg = parse(Command, section, ["--config", str(folder / "config.yaml")])
    before = fixed_settings(cfg, processes)
    for key in before | settings:
        if (was := before.get(key)) != (now := settings.get(key)):
            raise UserError(
                f"{folder} was started with {key} {was}, not {now}; "
                "use the same settings, another --name, or --resume never"
            )


def check_data(folder: Path, data: dict[str, str]) -> None:
    """Raise UserError if the folder's run was started with other data."""
    before = json.loads((folder / "data.json").read_text())
    for part in before | data:
        if (was := before.get(part)) != (now := data.get(part)):
            raise UserError(
                f"{folder} was started with other data: its part for {part} was {was}, now {now}; "
                "bring the files back, or begin anew with another --name, or --resume never"
            )


def describe(cfg: Any, processes: int) -> dict[str, Any]:
    """Return the command, code, answers, packages and machine of a run."""
    answers = PROJECT / ".copier-answers.yml"
    commit = git("rev-parse", "HEAD")
    return {
        "command": sys.orig_argv,
        "seed": cfg.seed,
        "template": yaml.safe_load(answers.read_text()) if answers.exists() else None,
        "git": {"commit": commit and commit.strip(), "diff": git("diff", "HEAD")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "processes": processes,
        "packages": {d.name: d.version for d in distributions()},
    }


def git(*command: str) -> str | None:
    """Return what a command of git prints, or None where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *command], cwd=PROJECT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
