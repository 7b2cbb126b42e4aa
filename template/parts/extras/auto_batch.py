"""Automatic batch size: the largest that fits in memory, the rest of a step by accumulation."""

from collections.abc import Callable

import torch
from accelerate import Accelerator
from torch import nn

from ..config import Config
from ..core.errors import RunError, find_fault
from ..data import build_loaders
from ..model import predict, score
from ..optim import build_optimizer
#% if 'distillation' in extras %#
from .distillation import teach
#% endif %#


def fit_batch(cfg: Config, accelerator: Accelerator, build: Callable[..., nn.Module]) -> None:
    """Divide `data.batch_size`, and multiply `optim.accumulate`, until a step fits in memory.

    Their product, and with it the curve, stays. All processes take the size that fits on each of
    them. Raises RunError if not even one example fits.
    """
    whole = cfg.data.batch_size
    sizes = [size for size in range(whole, 0, -1) if whole % size == 0]
    #% if 'mixup' in extras %#
    sizes = [size for size in sizes if size % 2 == 0]  # pairs stay together
    #% endif %#
    for size in sizes:
        cfg.data.batch_size, parts = size, whole // size
        good = torch.tensor(float(fits(cfg, accelerator, build)), device=accelerator.device)
        if accelerator.reduce(good, "sum") == accelerator.num_processes:
            cfg.optim.accumulate *= parts
            if parts > 1:
                count = cfg.optim.accumulate
                accelerator.print(f"batches of {size} fit in memory: {count} of them make a step")
            return
    raise RunError(f"out of memory with a batch of {size}; set precision to bf16")


#% if 'compile' in extras %#
@torch.compiler.set_stance("force_eager")  # compiling takes longer than all the rest of a start
#% endif %#
def fits(cfg: Config, accelerator: Accelerator, build: Callable[..., nn.Module]) -> bool:
    """Return whether two updates with one batch of this process end without a lack of memory."""
    try:
        loaders, spec = build_loaders(cfg.data, cfg.seed)
        loader = loaders["train"]
        #% if 'distillation' in extras %#
        teach(loader, cfg.distillation, spec, accelerator)
        #% endif %#
        # As for an evaluation: a process that is short of memory mustn't let the others wait.
        model = accelerator.prepare_model(build(cfg, spec), evaluation_mode=True)
        optimizer = build_optimizer(model, cfg.optim)
        batch, _ = next(loader.groups()).batches[0]
        for _ in range(2):  # the first makes the optimizer's state, the second has it
            score(predict(model, batch), batch)["loss"].mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    except (RuntimeError, MemoryError) as error:
        if find_fault(error) is error:
            raise
        return False
    finally:
        accelerator.free_memory()
    return True
