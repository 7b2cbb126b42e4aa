"""torch.compile: the model as fused kernels, after a slow first step."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .errors import check_choice


@dataclass(kw_only=True)
class CompileConfig:
    """How the model is compiled; the first training step and evaluation take seconds to minutes."""

    backend: str = "inductor"
    """compiler, such as inductor or, for a look at what breaks, aot_eager or eager"""
    mode: Literal["default", "reduce-overhead", "max-autotune"] = "default"
    """what inductor spends its time on; reduce-overhead suits small models on a GPU"""


def compile_model(model: nn.Module, cfg: CompileConfig) -> None:
    """Compile the model in place, so that the names of its weights stay as they are.

    Raises UserError for an unknown backend.
    """
    check_choice("compile.backend", cfg.backend, torch.compiler.list_backends(exclude_tags=()))
    mode = cfg.mode if cfg.backend == "inductor" else None
    # Of a model that is one of torch's own classes, as Sequential, model.compile() does only parts.
    # Batches are padded to one shape, so there is nothing to gain from dynamic ones.
    model.forward = torch.compile(model.forward, backend=cfg.backend, mode=mode, dynamic=False)
