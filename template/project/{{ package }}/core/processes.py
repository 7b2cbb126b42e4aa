"""What processes of a run exchange where DistributedDataParallel doesn't do it for them."""

import logging
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .errors import UserError

log = logging.getLogger(__name__)


def average_gradients(accelerator: Accelerator, weights: Sequence[nn.Parameter]) -> list[int]:
    """Average gradients over all processes; return how many of these reached each parameter.

    A process whose loss didn't reach a parameter gives it a gradient of 0. One that none reached
    keeps none, so that the optimizer leaves it as it is, on one process and on several.
    """
    reached = torch.tensor([p.grad is not None for p in weights], device=accelerator.device)
    counts = accelerator.reduce(reached.int()).tolist()
    for parameter, count in zip(weights, counts, strict=True):
        if count:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            # In one order of elements: that of a gradient may be another one in each process.
            parameter.grad = accelerator.reduce(gradient.contiguous(), "mean")
    return counts


def share_buffers(accelerator: Accelerator, model: nn.Module) -> None:
    """Give all processes the buffers of the first, which saves its own; they may differ."""
    if accelerator.num_processes > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, src=0)


def share_statistics(accelerator: Accelerator, model: nn.Module, together: bool) -> None:
    """Let batch normalisation in the wrapped model take means over all processes, if it is to.

    Raises UserError on a CPU, where torch can't.
    """
    normalised = any(isinstance(module, _BatchNorm) for module in model.modules())
    if normalised and together:
        if accelerator.device.type == "cpu":
            raise UserError("optim.sync_batch_norm: torch has it for GPUs, not for CPUs")
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
    elif normalised and accelerator.is_main_process:
        log.warning("batch normalisation is by process: no curve of one (optim.sync_batch_norm)")
