"""Automatic batch size: the largest that fits in memory, the rest of a step by accumulation."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from accelerate import Accelerator

from ..core.errors import RunError, find_fault


def fit_batch(cfg: Any, accelerator: Accelerator, build: Callable, model: ModuleType) -> None:
    """Divide `data.batch_size`, and multiply `optim.accumulate`, until a step fits in memory.

    `build` gives what a Config makes to train with, the module `model` looks into a batch. Their
    product, and with it the curve, stays. All processes take the size that fits on each of them.
    Raises RunError if not even one example fits.
    """
    whole = cfg.data.batch_size
    sizes = [size for size in range(whole, 0, -1) if whole % size == 0]
    #% if 'mixup' in extras %#
    sizes = [size for size in sizes if size % 2 == 0]  # pairs stay together
    #% endif %#
    for size in sizes:
        cfg.data.batch_size, parts = size, whole // size
        good = torch.tensor(float(fits(cfg, accelerator, build, model)), device=accelerator.device)
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
def fits(cfg: Any, accelerator: Accelerator, build: Callable, model: ModuleType) -> bool:
    """Return whether two updates with one batch of this process end without a lack of memory."""
    try:
        _, _, (_, network, optimizer, _, loader) = build(cfg, accelerator, lambda *parts: parts)
        network = accelerator.prepare_model(network, evaluation_mode=True)
        batch, _ = next(loader.groups()).batches[0]
        for _ in range(2):  # the first makes the optimizer's state, the second has it
            model.score(model.predict(network, batch), batch)["loss"].mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    except (RuntimeError, MemoryError) as error:
        if find_fault(error) is error:
            raise
        return False
    finally:
        accelerator.free_memory()
    return True
