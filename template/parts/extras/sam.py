"""Sharpness-aware minimization: the gradient is taken where the loss is highest near the weights.

SAM (Foret et al., ICLR 2021), in two passes over the examples of a step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from torch import nn

from ..core.errors import UserError
from ..settings.sam import SAMConfig


def check_precision(accelerator: Accelerator) -> None:
    """Raise UserError for fp16, whose scaler takes one backward pass per step."""
    if accelerator.scaler:
        raise UserError("precision: sam takes two passes, fp16 scales one; allowed: fp32, bf16")


def remember_draws(device: torch.device) -> Callable[[], None]:
    """Return a function that lets the CPU and the device draw anew what they draw from here on."""
    sources = [torch] if device.type == "cpu" else [torch, torch.get_device_module(device)]
    states = [source.get_rng_state() for source in sources]

    def redraw() -> None:
        for source, state in zip(sources, states, strict=True):
            source.set_rng_state(state)

    return redraw


@contextmanager
def climb(model: nn.Module, cfg: SAMConfig) -> Iterator[None]:
    """Move the weights `rho` up the gradient in p.grad, with none left there, until the exit.

    The weights, and the buffers a second pass would move once more, are restored from copies: to
    subtract the way again would round.
    """
    moved = [p for p in model.parameters() if p.grad is not None]
    way = [p.grad for p in moved]
    kept = [*moved, *model.buffers()]
    with torch.no_grad():
        copies = [value.clone() for value in kept]
        torch._foreach_mul_(way, cfg.rho / torch.nn.utils.get_total_norm(way))
        for part in way:
            # No gradient has no direction, and one that isn't finite is to be met again unmoved.
            part.nan_to_num_(0.0, 0.0, 0.0)
        torch._foreach_add_(moved, way)
    model.zero_grad()
    try:
        yield
    finally:
        with torch.no_grad():
            for value, copy in zip(kept, copies, strict=True):
                value.copy_(copy)
