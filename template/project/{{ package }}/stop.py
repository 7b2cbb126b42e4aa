"""Signals to stop: noted at once, agreed on by all processes at the end of a step."""

import signal
from types import FrameType

import torch
from accelerate import Accelerator

PREEMPTED = 75
"""exit code of a run that was stopped, saved and can go on (EX_TEMPFAIL of sysexits.h)"""


class Stop:
    """Remembers that SIGTERM, SIGUSR1 or SIGINT came; a second SIGINT ends the process at once."""

    def __init__(self, accelerator: Accelerator):
        self.asked = False
        # On gloo, so that asking each other doesn't wait for the GPU.
        several = accelerator.num_processes > 1
        self.group = torch.distributed.new_group(backend="gloo") if several else None
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def agreed(self) -> bool:
        """Return, on all processes alike, whether one of them was asked to stop."""
        if not self.group:
            return self.asked
        asked = torch.tensor(self.asked, dtype=torch.int32)
        torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX, self.group)
        return bool(asked)
