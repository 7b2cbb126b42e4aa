"""torch.compile: the model as fused kernels, after a slow first step."""

import torch
from torch import nn

from ..core.errors import check_choice
from ..settings.compile import CompileConfig


def compile_model(model: nn.Module, cfg: CompileConfig) -> None:
    """Compile the model in place, so that the names of its weights stay as they are.

    Raises UserError for an unknown backend.
    """
    backends = torch.compiler.list_backends(exclude_tags=())
    #% if 'gradient_checkpointing' in extras %#
    # These draw other numbers the second time, so that the gradients are wrong (torch 2.13).
    backends = [name for name in backends if not name.startswith("eager")]
    #% endif %#
    check_choice("compile.backend", cfg.backend, backends)
    mode = cfg.mode if cfg.backend == "inductor" else None
    #% if 'progressive_resizing' in extras %#
    # Each side is compiled for; above the limit, which is 8, the model would run as it is.
    torch._dynamo.config.recompile_limit = 128
    #% endif %#
    # Of a model that is one of torch's own classes, as Sequential, model.compile() does only parts.
    # Batches are padded to one shape, so there is nothing to gain from dynamic ones.
    model.forward = torch.compile(model.forward, backend=cfg.backend, mode=mode, dynamic=False)
