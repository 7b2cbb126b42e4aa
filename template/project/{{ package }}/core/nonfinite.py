"""What a loss or gradient that isn't finite does: its step is left out, or it ends the run."""

import logging
import math
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from .errors import RunError
from .loader import Group, Loader

NAMED = 8  # samples named of a step
FAULT = "{} is {} at step {}, on {}; the checkpoints are from before"
log = logging.getLogger(__name__)


class Watch:
    """Looks at the gradients' norms of the last steps, all at once, so as not to wait for each.

    As many steps in a row as `max_skips` may have one that isn't finite.
    """

    def __init__(self, accelerator: Accelerator, loader: Loader, max_skips: int):
        self.count, self.main = len(loader.dataset), accelerator.is_main_process
        self.scaler, self.row, self.seen = accelerator.scaler, 0, []
        # The scale of fp16 begins at 2^16 and is halved at an overflow; below 1 it isn't the cause.
        self.allowed = max_skips + (16 if self.scaler else 0)

    def note(self, step: int, group: Group, norm: Tensor) -> None:
        """Keep what a step did for the next look."""
        self.seen.append((step, group.samples, norm))

    def check(self, scores: dict[str, float]) -> None:
        """Look at the steps since the last time, and at the scores of the last one.

        Raises RunError, on all processes alike, for more steps in a row than are allowed.
        """
        norms = torch.stack([norm for _, _, norm in self.seen]).tolist()
        for (step, samples, _), norm in zip(self.seen, norms, strict=True):
            self.row = 0 if math.isfinite(norm) else self.row + 1
            if self.row > self.allowed:
                raise RunError(FAULT.format("the gradient's norm", norm, step, self.name(samples)))
            if self.row and self.main and not self.scaler:
                log.warning("step %d is left out: norm %s, on %s", step, norm, self.name(samples))
        for name, value in scores.items():
            if not math.isfinite(value) and not self.row:
                raise RunError(FAULT.format(name, value, step, self.name(samples)))
        self.seen = []

    def name(self, samples: Tensor) -> str:
        """Return the epoch, counted from 1, and the places in the data set of a step's samples."""
        places = ", ".join(map(str, (samples[:NAMED] % self.count).tolist()))
        more = f" and {len(samples) - NAMED} more" if len(samples) > NAMED else ""
        return f"samples {places}{more} of epoch {samples[0].item() // self.count + 1}"

    def state_dict(self) -> dict[str, Any]:
        return {"row": self.row} | ({"scaler": self.scaler.state_dict()} if self.scaler else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.row = state["row"]
        if self.scaler:
            self.scaler.load_state_dict(state["scaler"])
