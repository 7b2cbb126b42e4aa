"""The search for settings, as a command: each of its trials is a run of its own.

A tree of Parzen estimators (TPE; Bergstra et al., NeurIPS 2011), random search (Bergstra and
Bengio, JMLR 2012) or a grid, by way of Optuna (Akiba et al., KDD 2019).
"""

# PYTHON_ARGCOMPLETE_OK
from ..config import Config, check_arguments, parse_arguments, parse_config
from ..settings.tune import Tune

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Tune)

import argparse
import json
import math
import os
import shlex
import shutil
import signal
from pathlib import Path
from typing import Any

import optuna
import torch
from filelock import FileLock, Timeout
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from .. import train
from ..core.errors import Fault, RunError, UserError, find_fault, last_line, run_command
from ..core.manifest import fixed_settings
from ..core.rng import mix
from ..core.run_folder import PATIENCE, RUNS, make_folder
from ..core.settings import pair
from ..core.stop import PREEMPTED, SIGNALS
from .space import as_arguments, grid, read_search

SAMPLERS = {"tpe": TPESampler, "random": RandomSampler}


def open_study(folder: Path, asked: argparse.Namespace, cfg: Config) -> optuna.Study:
    """Return the folder's study; raise UserError if it was begun for something else."""
    storage, direction = f"sqlite:///{folder / 'study.db'}", f"{cfg.mode}imize"
    study = optuna.create_study(
        storage=storage, study_name=folder.name, direction=direction, load_if_exists=True
    )
    now = {"--sampler": asked.sampler} | fixed_settings(cfg, processes=1)
    now |= {f"--search {key}": str(values) for key, values in asked.search.items()}
    before = study.user_attrs.get("asked", now)
    for key in before | now:
        if before.get(key) != now.get(key):
            raise UserError(
                f"{folder} was started with {key} {before.get(key)}, not {now.get(key)}; "
                "search for the same, use another --name, or --resume never"
            )
    study.set_user_attr("asked", now)
    return study


def draw(study: optuna.Study, asked: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Return the settings of the next trial, a function of the seed and of the trials before."""
    number = len(study.trials)  # so that a killed search draws again what it was trying
    if asked.sampler == "grid":
        return grid(asked.search)[number]
    sampler = SAMPLERS[asked.sampler](seed=mix(seed, number) % 2**32)
    copy = optuna.create_study(sampler=sampler, direction=study.direction)
    copy.add_trials(study.trials)
    return copy.ask(asked.search).params


def attempt(study: Path, run: Path, monitor: str, arguments: list[str]) -> dict[str, Any] | None:
    """Train a run; return what came of it as Optuna has it, or None if it was stopped.

    A mistake that keeps even a search's first run from its beginning is raised, and leaves nothing.
    """
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    # Or what was compiled for earlier models would count towards the compiler's limit.
    torch.compiler.reset()
    try:
        if train.main([*arguments, f"--name={run.name}", "--resume=auto"]) == PREEMPTED:
            return None
        score = json.loads((run / "status.json").read_text())["best"][monitor]
        if math.isfinite(score):
            return {"value": score}
        told = f"{monitor} is {score}"
    except (UserError, RunError, RuntimeError, MemoryError) as caught:
        error, begun = find_fault(caught), any(RUNS.glob(f"{study.name}-*/config.yaml"))
        if not begun:
            shutil.rmtree(study, ignore_errors=True)
        # A Fault, as of a full disk, would befall other settings, too; lack of memory wouldn't.
        if not begun or isinstance(caught, Fault) or not isinstance(error, UserError | RunError):
            raise
        told = last_line(error)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return {"state": TrialState.FAIL, "user_attrs": {"error": told}}


def search(folder: Path, asked: argparse.Namespace, cfg: Config, settings: list[str]) -> int:
    """Train the trials that are missing, and tell of all; return PREEMPTED if one was stopped."""
    study = open_study(folder, asked, cfg)
    count = max(asked.trials, len(study.trials))
    runs = [RUNS / f"{folder.name}-{number:03d}" for number in range(count)]
    for run in runs[len(study.trials) :]:
        params = draw(study, asked, cfg.seed)
        print(f"{run} of {count}: {shlex.join(as_arguments(params))}", flush=True)
        result = attempt(folder, run, cfg.monitor, [*settings, *as_arguments(params)])
        if not result:
            return PREEMPTED
        study.add_trial(create_trial(params=params, distributions=asked.search, **result))
    for run, trial in zip(runs, study.trials, strict=True):
        told = trial.user_attrs.get("error", f"{cfg.monitor} {trial.value}")
        print(f"{run}: {told}: {shlex.join(as_arguments(trial.params))}")
    if not study.get_trials(states=[TrialState.COMPLETE]):
        raise RunError("no trial came to its end")
    best = study.best_trial
    print(json.dumps({"best": best.params, "score": best.value, "run": str(runs[best.number])}))
    return 0


def main(argv: list[str]) -> int:
    """Search for the best settings; further arguments are settings of all trials."""
    asked, cfg = parse_arguments(Tune, argv)
    asked.search = read_search(asked.search)
    given = {key: texts for key, texts in pair(argv).items() if key not in vars(asked)}
    settings = [f"--config={asked.config}"]
    settings += [f"--{key}={text}" for key, texts in given.items() for text in texts]
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise UserError("tune trains on one process; start it without torchrun")
    for key, values in asked.search.items():
        for value in getattr(values, "choices", None) or (values.low, values.high):
            parse_config([*settings, *as_arguments({key: value})])
    if asked.sampler == "grid":
        asked.trials = min(asked.trials, len(grid(asked.search)))
    folder = make_folder(RUNS / (cfg.name or "tune"), fresh=cfg.resume == "never")
    if (folder / "config.yaml").exists():
        raise UserError(f"{folder} is a run; give the search another --name")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with FileLock(folder / ".lock", timeout=PATIENCE):
            return search(folder, asked, cfg, settings)
    except Timeout:
        raise UserError(f"{folder} is in use by another process") from None


if __name__ == "__main__":
    run_command(main)
