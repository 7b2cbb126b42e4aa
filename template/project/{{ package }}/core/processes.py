"""What the processes of a run exchange, so that they train one model."""

import logging
from collections.abc import Iterable, Sequence

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .errors import UserError

log = logging.getLogger(__name__)


@torch.no_grad()
def average_gradients(accelerator: Accelerator, weights: Sequence[nn.Parameter]) -> None:
    """Average the gradients of all processes, in one exchange for each type of number.

    A process whose loss didn't reach a parameter counts with a gradient of 0. One that none reached
    keeps none, so that the optimizer leaves it as it is, on one process and on several.
    """
    if accelerator.num_processes == 1:
        return
    missing = [parameter.grad is None for parameter in weights]
    reached = torch.tensor([not each for each in missing], device=accelerator.device)
    reached = accelerator.reduce(reached.int())
    if any(missing):  # or it is known without waiting for the device
        weights = [p for p, count in zip(weights, reached.tolist(), strict=True) if count]
    for dtype in dict.fromkeys(parameter.dtype for parameter in weights):
        some = [parameter for parameter in weights if parameter.dtype == dtype]
        # In one order of elements: that of a gradient may be another one in each process.
        flat = [(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in some]
        means = accelerator.reduce(torch.cat(flat), "mean")
        for parameter, mean in zip(some, means.split([p.numel() for p in some]), strict=True):
            parameter.grad = mean.view(parameter.shape)


@torch.no_grad()
def share(accelerator: Accelerator, values: Iterable[Tensor]) -> None:
    """Give all processes the values of the first, which saves its own; they may differ."""
    if accelerator.num_processes > 1:
        for value in values:
            first = value.contiguous()  # as a weight that is channels last isn't
            torch.distributed.broadcast(first, src=0)
            value.copy_(first)


def share_statistics(accelerator: Accelerator, network: nn.Module, together: bool) -> None:
    """Let batch normalisation take means over all processes, if it is to, or say that it doesn't.

    Raises UserError on a CPU, where torch can't.
    """
    normalised = any(isinstance(module, _BatchNorm) for module in network.modules())
    if not normalised or accelerator.num_processes == 1:
        return
    if together and accelerator.device.type == "cpu":
        raise UserError("optim.sync_batch_norm: torch has it for GPUs, not for CPUs")
    if together:
        nn.SyncBatchNorm.convert_sync_batchnorm(network)
    elif accelerator.is_main_process:
        log.warning("batch normalisation is by process: no curve of one (optim.sync_batch_norm)")
