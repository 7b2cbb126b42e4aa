"""The learning-rate schedule, counted in optimizer steps whatever the number of processes."""

from dataclasses import dataclass, field
from typing import Any

from torch.optim import Optimizer, lr_scheduler

from .duration import Duration, to_steps
from .errors import UserError, check_arguments, check_choice


@dataclass(kw_only=True)
class ScheduleConfig:
    """How the learning rate varies over the run."""

    name: str = "cosine"
    """constant, step, multistep, exponential, cosine, warm_restarts, plateau, onecycle or cyclic"""
    warmup: Duration = "0 steps"
    """linear rise from 0 before the schedule begins"""
    args: dict[str, Any] = field(default_factory=dict)
    """further arguments of its class in torch.optim.lr_scheduler, such as {gamma: 0.5}"""


class Schedule:
    """A linear warm-up, then a scheduler of torch that starts where the warm-up ends."""

    def __init__(self, optimizer: Optimizer, scheduler: Any, warmup: int):
        self.optimizer, self.scheduler, self.warmup, self.count = optimizer, scheduler, warmup, 0
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.needs_score = isinstance(scheduler, lr_scheduler.ReduceLROnPlateau)
        self.warm_up()

    def warm_up(self) -> None:
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * min(1.0, (self.count + 1) / (self.warmup + 1))

    def step(self) -> None:
        """Set the learning rate of the next optimizer step."""
        self.count += 1
        if self.count <= self.warmup:
            self.warm_up()
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

    Lengths that `args` doesn't give are fitted to the run. Raises UserError for an unknown name or
    argument, or a warm-up that is as long as the run.
    """
    warmup = to_steps(cfg.warmup, epoch)
    length = total - warmup
    if length < 1:
        raise UserError(f"schedule.warmup: {cfg.warmup} leaves nothing of a run of {total} steps")
    peaks = [group["lr"] for group in optimizer.param_groups]
    cycled = any("betas" in group or group.get("momentum") for group in optimizer.param_groups)
    third, halves = -(-length // 3), [length // 2, length * 3 // 4]
    choices: dict[str, tuple[type, dict[str, Any]]] = {
        "constant": (lr_scheduler.ConstantLR, {"factor": 1.0, "total_iters": 0}),
        "step": (lr_scheduler.StepLR, {"step_size": third, "gamma": 0.3}),
        "multistep": (lr_scheduler.MultiStepLR, {"milestones": halves, "gamma": 0.3}),
        "exponential": (lr_scheduler.ExponentialLR, {"gamma": 0.1 ** (1 / length)}),
        "cosine": (lr_scheduler.CosineAnnealingLR, {"T_max": length}),
        "warm_restarts": (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": third}),
        "plateau": (lr_scheduler.ReduceLROnPlateau, {"mode": mode, "patience": 3, "factor": 0.3}),
        "onecycle": (
            lr_scheduler.OneCycleLR,
            {"max_lr": peaks, "total_steps": length, "cycle_momentum": cycled},
        ),
        "cyclic": (
            lr_scheduler.CyclicLR,
            {
                "base_lr": [peak / 10 for peak in peaks],
                "max_lr": peaks,
                "step_size_up": -(-length // 6),
                "cycle_momentum": cycled,
            },
        ),
    }
    check_choice("schedule.name", cfg.name, choices)
    scheduler, arguments = choices[cfg.name]
    check_arguments("schedule.args", cfg.args, scheduler, {"optimizer", "last_epoch"})
    try:
        return Schedule(optimizer, scheduler(optimizer, **arguments | cfg.args), warmup)
    except (TypeError, ValueError) as error:
        raise UserError(f"schedule.args: {cfg.name} refuses them: {error}") from None
