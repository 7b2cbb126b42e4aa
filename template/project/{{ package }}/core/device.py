"""The device, its number format and the other processes, found or refused before any work."""

import os
from collections.abc import Iterator
from functools import cache

import torch
from accelerate import Accelerator
from torch import nn

from .errors import UserError, warn

tell = cache(warn)  # an equal line once, however often a command builds the model


def start(precision: str) -> Accelerator:
    """Return this process's Accelerator; UserError for fp16 on a CPU or too few processes."""
    cuda = torch.cuda.is_available()
    if precision == "auto":
        precision = "fp32" if not cuda else "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if precision == "fp16" and not cuda:
        raise UserError("precision: fp16 needs a GPU; allowed here: auto, fp32, bf16")
    accelerator = Accelerator(
        mixed_precision="no" if precision == "fp32" else precision,
        # Told so, Accelerate joins torchrun's processes on a machine without an accelerator.
        cpu=not torch.accelerator.is_available(),
    )
    launched = int(os.environ.get("WORLD_SIZE", 1))
    # `accelerate launch` sets these two and no more when it starts one process instead of several.
    if {"ACCELERATE_USE_CPU", "MASTER_ADDR"} <= os.environ.keys() and launched == 1:
        raise UserError("accelerate launch started one process instead of several; use torchrun")
    if accelerator.num_processes != launched:
        raise UserError(f"{accelerator.num_processes} of {launched} processes found each other")
    return accelerator


def finish(accelerator: Accelerator) -> None:
    """Leave the process group; models must be let go before it, or gloo may hang at the exit."""
    accelerator.free_memory()
    accelerator.end_training()


def find_fragile(network: nn.Module) -> Iterator[str]:
    """Yield a line on each convolution whose weight gradient may break on the CPU it runs on."""
    # With AVX2 and no more, those of 1 x 1 with a stride and under 8 channels in (oneDNN 6035).
    kernels = os.environ.get("ONEDNN_MAX_CPU_ISA") or torch.backends.cpu.get_cpu_capability()
    if torch.accelerator.is_available() or "AVX2" not in kernels.upper():
        return
    for name, module in network.named_modules():
        small = isinstance(module, nn.Conv2d) and {*module.kernel_size} == {1}
        if small and max(module.stride) > 1 and module.in_channels < 8:
            yield (
                f"{name}: a 1 x 1 convolution with a stride and {module.in_channels} channels in "
                "may crash on this CPU or learn wrongly; pool, then convolve with stride 1"
            )


def warn_of_fragile(network: nn.Module) -> None:
    """Tell the user of what `find_fragile` finds."""
    for line in find_fragile(network):
        tell(line)
