"""Stochastic weight averaging: the mean of a run's late weights, which is what is evaluated."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ..core.duration import due, to_steps
from ..settings.swa import SWAConfig


class SWA:
    """The mean of weights late in a run of `total` steps (Izmailov et al., UAI 2018).

    Buffers, such as the statistics of batch normalisation, are averaged like weights.
    """

    def __init__(self, model: nn.Module, schedule: Any, cfg: SWAConfig, total: int, epoch: int):
        self.model, self.schedule, self.lr = model, schedule, cfg.lr
        self.average = AveragedModel(model, multi_avg_fn=move, use_buffers=True)
        self.start = max(1, round(cfg.start * total))
        self.every = max(1, to_steps(cfg.every, epoch))
        self.anneal = to_steps(cfg.anneal, epoch)
        self.rates: list[float] = []

    def update(self) -> None:
        """Take the weights into the mean after an optimizer step if they are due."""
        since = self.schedule.count - self.start
        if since >= 0 and due(since, self.every):
            self.average.update_parameters(self.model)
        if since == 0:
            self.rates = [group["lr"] for group in self.schedule.optimizer.param_groups]
        self.set_rates()

    def set_rates(self) -> None:
        """Set the learning rates of the next step: a function of those at the start, and of it."""
        if not self.lr or not self.rates:
            return
        share = min(1.0, (self.schedule.count - self.start + 1) / (self.anneal + 1))
        groups, highest = self.schedule.optimizer.param_groups, max(self.schedule.peaks)
        for group, rate, peak in zip(groups, self.rates, self.schedule.peaks, strict=True):
            group["lr"] = rate + share * (self.lr * peak / highest - rate)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights and their mean, if there is one; a second call brings both back."""
        if not self.average.n_averaged:
            return
        models = self.model, self.average.module
        # Not over state_dict(), which holds a weight twice that two layers share.
        pairs = zip(*((*m.parameters(), *m.buffers()) for m in models), strict=True)
        for mine, averaged in pairs:
            copy = mine.clone()
            mine.copy_(averaged)
            averaged.copy_(copy)
        self.set_rates()  # a plateau schedule may have changed them after an evaluation

    def state_dict(self) -> dict[str, Any]:
        return {"rates": self.rates, "average": self.average.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rates = state["rates"]
        self.average.load_state_dict(state["average"])


@torch.no_grad()
def move(averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
    """Bring means of `count` values to those of one more; whole numbers are taken as they are."""
    if averaged[0].is_floating_point():
        torch._foreach_lerp_(averaged, current, 1 / (count.item() + 1))
    else:
        torch._foreach_copy_(averaged, current)
