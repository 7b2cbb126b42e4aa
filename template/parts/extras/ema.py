"""An exponential moving average of the weights, which is what is evaluated and kept as best."""

from dataclasses import dataclass
from typing import Any

import torch
from jsonargparse.typing import OpenUnitInterval
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


@dataclass(kw_only=True)
class EMAConfig:
    """How slowly the average follows the weights."""

    decay: OpenUnitInterval = 0.99
    """share of the average that an optimizer step keeps"""


class EMA:
    """The average of a model's weights over the optimizer steps (Polyak and Juditsky, 1992)."""

    def __init__(self, model: nn.Module, cfg: EMAConfig):
        self.model = model
        self.average = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(cfg.decay), use_buffers=True
        )

    def update(self) -> None:
        """Move the average towards the weights after an optimizer step."""
        self.average.update_parameters(self.model)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights and their average; a second call brings both back."""
        models = self.model, self.average.module
        # Not over state_dict(), which holds a weight twice that two layers share.
        pairs = zip(*((*m.parameters(), *m.buffers()) for m in models), strict=True)
        for mine, averaged in pairs:
            copy = mine.clone()
            mine.copy_(averaged)
            averaged.copy_(copy)

    def state_dict(self) -> dict[str, Any]:
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.average.load_state_dict(state)
