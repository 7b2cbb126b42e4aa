"""The learning-rate schedule, counted in optimizer steps whatever the number of processes."""

from typing import Any

import torch
from torch.optim import SGD, Optimizer, lr_scheduler

from .core.duration import to_steps
from .core.errors import UserError, check_arguments, one_line
from .core.values import check_types
from .settings.schedule import ScheduleConfig

FIXED = {"optimizer", "last_epoch", "total_steps", "epochs", "steps_per_epoch", "scale_fn"}
"""arguments that the run decides, or that no file can hold"""


def list_schedules(
    steps: int, peaks: list[float], momentum: bool, mode: str
) -> dict[str, tuple[type, dict[str, Any]]]:
    """Return classes of torch, and arguments that suit a run of `steps` optimizer steps.

    `peaks` are its groups' learning rates; `momentum` is whether it is varied with them.
    """
    third, sixth, falls = -(-steps // 3), -(-steps // 6), [steps // 2, steps * 3 // 4]
    low, cycled = [peak / 10 for peak in peaks], {"max_lr": peaks, "cycle_momentum": momentum}
    return {
        "constant": (lr_scheduler.ConstantLR, {"factor": 1.0, "total_iters": 0}),
        "step": (lr_scheduler.StepLR, {"step_size": third, "gamma": 0.3}),
        "multistep": (lr_scheduler.MultiStepLR, {"milestones": falls, "gamma": 0.3}),
        "exponential": (lr_scheduler.ExponentialLR, {"gamma": 0.1 ** (1 / steps)}),
        "cosine": (lr_scheduler.CosineAnnealingLR, {"T_max": steps}),
        "warm_restarts": (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": third}),
        "plateau": (lr_scheduler.ReduceLROnPlateau, {"mode": mode, "patience": 3, "factor": 0.3}),
        "onecycle": (lr_scheduler.OneCycleLR, cycled | {"total_steps": max(steps, 2)}),
        "cyclic": (lr_scheduler.CyclicLR, cycled | {"base_lr": low, "step_size_up": sixth}),
    }


class Schedule:
    """A linear warm-up, then a scheduler of torch that starts where the warm-up ends."""

    def __init__(self, optimizer: Optimizer, scheduler: Any, warmup: int):
        self.optimizer, self.scheduler, self.warmup, self.count = optimizer, scheduler, warmup, -1
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.needs_score = isinstance(scheduler, lr_scheduler.ReduceLROnPlateau)
        self.step()

    def step(self) -> None:
        """Set the learning rate of the next optimizer step."""
        self.count += 1
        if self.count <= self.warmup:
            for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
                group["lr"] = peak * ((self.count + 1) / (self.warmup + 1))
        elif not self.needs_score:
            self.scheduler.step()

    def evaluated(self, value: float) -> None:
        """Tell a plateau schedule the monitored score of an evaluation."""
        if self.needs_score and self.count > self.warmup:
            self.scheduler.step(value)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count = state["count"]
        self.scheduler.load_state_dict(state["scheduler"])


def build_schedule(
    optimizer: Optimizer, cfg: ScheduleConfig, total: int, epoch: int, mode: str
) -> Schedule:
    """Return the schedule of a run of `total` optimizer steps, `epoch` of them in an epoch.

    Raises UserError for arguments that its class refuses, or a warm-up as long as the run.
    """
    warmup, peaks = to_steps(cfg.warmup, epoch, total), [g["lr"] for g in optimizer.param_groups]
    if warmup >= total:
        raise UserError(f"schedule.warmup: {cfg.warmup} leaves nothing of a run of {total} steps")
    # The cycles of torch, within 0.8 and 0.95, would undo a lower one that was asked for.
    own = optimizer.defaults
    momentum = own.get("betas", [own.get("momentum", 0)])[0] >= 0.8
    scheduler, arguments = list_schedules(total - warmup, peaks, momentum, mode)[cfg.name]
    check_arguments("schedule.args", cfg.args, scheduler, FIXED)
    check_types("schedule.args", cfg.args, scheduler.__init__)
    arguments |= cfg.args
    try:
        trial = SGD([{"params": [torch.zeros(1)], "lr": peak} for peak in peaks], momentum=0.9)
        rehearsal = Schedule(trial, scheduler(trial, **arguments), warmup=0)
        for _ in range(2):  # by which some arguments show
            trial.step()
            rehearsal.step()
            rehearsal.evaluated(0.0)
        return Schedule(optimizer, scheduler(optimizer, **arguments), warmup)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UserError(f"schedule.args: {cfg.name} refuses them: {one_line(error)}") from None
