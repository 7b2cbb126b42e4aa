"""The device, its number format and the other processes, found or refused before any work."""

import os

import torch
from accelerate import Accelerator

from .errors import UserError


def start(precision: str) -> Accelerator:
    """Return the Accelerator of this process.

    Raises UserError for fp16 without a GPU and for a launch that fell back to fewer processes.
    """
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
