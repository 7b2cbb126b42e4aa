"""Settings of `schedule`."""

from dataclasses import dataclass, field
from typing import Any, Literal

from .types import Within


@dataclass(kw_only=True)
class ScheduleConfig:
    """How the learning rate varies over the run."""

    name: Literal[
        "constant",
        "step",
        "multistep",
        "exponential",
        "cosine",
        "warm_restarts",
        "plateau",
        "onecycle",
        "cyclic",
    ] = "cosine"
    """course of the learning rate after the warm-up"""
    warmup: Within = "0 steps"
    """linear rise from 0 before that, in steps, epochs or % of the run"""
    args: dict[str, Any] = field(default_factory=dict)
    """further arguments of its class in torch.optim.lr_scheduler, such as {gamma: 0.5}"""
