"""Reasons to stop before the end: noted at once, agreed on by all processes after a step."""

import math
import os
import signal
import time
from types import FrameType

import torch
from accelerate import Accelerator

from .duration import to_seconds

BEGIN = time.monotonic()
SIGNALS = [getattr(signal, n) for n in ("SIGTERM", "SIGINT", "SIGUSR1") if hasattr(signal, n)]
PREEMPTED = 75  # EX_TEMPFAIL of sysexits.h: a run that was stopped, saved and can go on


class Stop:
    """Remembers a signal, and knows when the time is up; one more after a SIGINT ends at once."""

    def __init__(self, accelerator: Accelerator, time_limit: str | None):
        self.asked, self.interrupted = math.inf, False
        self.end = BEGIN + to_seconds(time_limit) if time_limit else math.inf
        # On gloo, so that asking each other doesn't wait for the GPU.
        several = accelerator.num_processes > 1
        self.group = torch.distributed.new_group(backend="gloo") if several else None
        for number in SIGNALS:
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: FrameType | None) -> None:
        # One Ctrl-C may come twice, by a launcher; of a second one torchrun makes a SIGTERM.
        if self.interrupted and time.monotonic() > self.asked + 1:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.interrupted |= number == signal.SIGINT
        self.asked = min(self.asked, time.monotonic())

    def agreed(self) -> bool:
        """Return, on all processes alike, whether one of them has a reason to stop."""
        stop = time.monotonic() >= min(self.asked, self.end)
        if self.group:
            stop = torch.tensor(stop, dtype=torch.int32)
            torch.distributed.all_reduce(stop, torch.distributed.ReduceOp.MAX, self.group)
        return bool(stop)
