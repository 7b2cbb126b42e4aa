"""Lookahead: slow weights that follow the optimizer's, and take them back, every few steps."""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..settings.lookahead import LookaheadConfig


def look_ahead(optimizer: Optimizer, cfg: LookaheadConfig) -> None:
    """Let an optimizer step on from slow weights (Lookahead; Zhang et al., NeurIPS 2019).

    They and the count of steps are part of the optimizer's own state, so they are resumed with it.
    """
    optimizer.param_groups[0]["ahead"] = 0
    first: dict[Tensor, Tensor] = {}

    def before(optimizer: Optimizer, *_: Any) -> None:
        # Not yet into the state, for an optimizer takes an empty one for that of a first step.
        for p in parameters(optimizer):
            if p.grad is not None and "slow" not in optimizer.state.get(p, ()):
                first[p] = p.detach().clone()

    @torch.no_grad()
    def after(optimizer: Optimizer, *_: Any) -> None:
        while first:
            p, slow = first.popitem()
            optimizer.state[p]["slow"] = slow
        group = optimizer.param_groups[0]
        group["ahead"] = (group["ahead"] + 1) % cfg.steps
        if not group["ahead"]:
            fast = [p for p in parameters(optimizer) if "slow" in optimizer.state.get(p, ())]
            slow = [optimizer.state[p]["slow"] for p in fast]
            torch._foreach_lerp_(slow, fast, cfg.alpha)
            torch._foreach_copy_(fast, slow)

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)


def parameters(optimizer: Optimizer) -> list[Tensor]:
    """Return the parameters of all groups."""
    return [p for group in optimizer.param_groups for p in group["params"]]
