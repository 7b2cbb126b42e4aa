"""All trackers as one: each module here is one, and none of them can fail the run."""

import logging
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from ..core.settings import flatten

PATIENCE = 3
"""failures in a row after which a tracker is left out"""
PLAIN = bool | int | float | str
log = logging.getLogger(__name__)


class Trackers:
    """For the main process alone; the run goes on from optimizer step `step`."""

    def __init__(self, run: Path, config: dict[str, Any], step: int):
        flat = {k: v if isinstance(v, PLAIN) else str(v) for k, v in flatten(config).items()}
        self.open, self.unsent, self.modules = {}, {}, {}
        for _, name, _ in iter_modules(__path__):
            try:
                self.modules[name] = import_module(f".{name}", __name__)
                self.open[name] = self.modules[name].open_tracker(run, flat, step)
                self.unsent[name] = []
            except Exception as error:
                self.leave_out(name, error)

    def log(self, values: dict[str, float], step: int) -> None:
        """Send the values of a step, after those that a tracker failed to take before."""
        for name in list(self.open):
            self.unsent[name].append((values, step))
            try:
                self.send(name)
            except Exception as error:
                if len(self.unsent[name]) == PATIENCE:
                    self.leave_out(name, error)

    def send(self, name: str) -> None:
        while self.unsent[name]:
            self.open[name].log(*self.unsent[name][0])
            del self.unsent[name][0]

    def close(self, state: str) -> None:
        """Send what is left, and how the run ended: finished, preempted or failed.

        Each module limits the seconds that a dead server may take.
        """
        for name in list(self.open):
            try:
                self.send(name)
                self.modules[name].close_tracker(self.open.pop(name), state)
            except Exception as error:
                self.leave_out(name, error)

    def leave_out(self, name: str, error: Exception) -> None:
        reason = " ".join(str(error).split())
        log.warning("%s is left out from here on: %s: %s", name, type(error).__name__, reason)
        with suppress(Exception):  # most often it isn't open, or fails again
            self.open.pop(name).finish()
