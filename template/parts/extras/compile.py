"""torch.compile: the model as fused kernels, after a slow first step."""

from dataclasses import dataclass
from typing import Literal

from torch import nn


@dataclass(kw_only=True)
class CompileConfig:
    """How the model is compiled; the first training step and evaluation take seconds to minutes."""

    backend: str = "inductor"
    """compiler, such as inductor or, for a look at what breaks, aot_eager or eager"""
    mode: Literal["default", "reduce-overhead", "max-autotune"] = "default"
    """what inductor spends its time on; reduce-overhead suits small models on a GPU"""


def compile_model(model: nn.Module, cfg: CompileConfig) -> None:
    """Compile the model in place, so that the names of its weights stay as they are."""
    mode = cfg.mode if cfg.backend == "inductor" else None
    # Batches are padded to one shape, so there is nothing to gain from dynamic ones.
    model.compile(backend=cfg.backend, mode=mode, dynamic=False)
