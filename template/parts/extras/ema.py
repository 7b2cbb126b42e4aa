"""An exponential moving average of the weights, which is what is evaluated and kept as best."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ..settings.ema import EMAConfig


class EMA:
    """The average of a model's weights over the optimizer steps (Polyak and Juditsky, 1992)."""

    def __init__(self, model: nn.Module, cfg: EMAConfig):
        self.decay = cfg.decay
        self.average = AveragedModel(model, use_buffers=True)
        # Listed once: AveragedModel does it at each step, which takes longer than to average. Not
        # from state_dict(), which holds a weight twice that two layers share.
        tensors = ((*m.parameters(), *m.buffers()) for m in (self.average.module, model))
        pairs = list(zip(*tensors, strict=True))
        self.values = list(zip(*(pair for pair in pairs if not is_count(pair[0])), strict=True))
        self.counts = list(zip(*(pair for pair in pairs if is_count(pair[0])), strict=True))

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the weights after an optimizer step; counts are copied."""
        share = 1 - self.decay if self.average.n_averaged else 1.0
        torch._foreach_lerp_(*self.values, share)
        if self.counts:
            torch._foreach_copy_(*self.counts)
        self.average.n_averaged += 1

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights and their average; a second call brings both back."""
        for averages, mine in filter(None, (self.values, self.counts)):
            copies = [each.clone() for each in mine]
            torch._foreach_copy_(mine, averages)
            torch._foreach_copy_(averages, copies)

    def state_dict(self) -> dict[str, Any]:
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.average.load_state_dict(state)


def is_count(tensor: Tensor) -> bool:
    """Tell whether a tensor has no averages, being of whole numbers."""
    return not (tensor.is_floating_point() or tensor.is_complex())
