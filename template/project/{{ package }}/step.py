"""What happens to the batches of one optimizer step: forward, backward, clip, update."""

from contextlib import nullcontext

import torch
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from torch import Tensor, nn

from .loader import Group, Loader
from .model import predict, score
from .optim import OptimConfig


def train_step(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: AcceleratedOptimizer,
    group: Group,
    cfg: OptimConfig,
) -> tuple[dict[str, Tensor], Tensor]:
    """Update the model once; return this process's sums of the scores and the gradient's norm.

    The gradient is that of the mean over all examples of the step, however they are spread over
    micro-batches and processes, so that a ragged last batch counts for what it holds.
    """
    sums: dict[str, Tensor] = {}
    for number, (batch, real) in enumerate(group.batches, start=1):
        last = number == len(group.batches)
        with nullcontext() if last else accelerator.no_sync(model):
            values = score(predict(model, batch), batch)
            weighted = weigh(values, real)
            # The wrapper for several processes averages over them; this makes a sum of it.
            share = accelerator.num_processes / group.examples
            accelerator.backward(weighted["loss"] * share)
        add(sums, weighted)
    accelerator.unscale_gradients()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    if "weight" in values:  # then the mean is over weights, whose sum is known only now
        total = accelerator.reduce(sums["weight"])
        torch._foreach_mul_(gradients, group.examples / total)
    norm = torch.nn.utils.get_total_norm(gradients)
    if cfg.clip_norm:
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), cfg.clip_norm, norm)
    elif cfg.clip_value:
        torch.nn.utils.clip_grad_value_(model.parameters(), cfg.clip_value)
    # The scaler of fp16 leaves such a step out by itself, and has to know of it.
    if accelerator.scaler or not cfg.max_skips or norm.isfinite():
        optimizer.step()
    optimizer.zero_grad()
    return sums, norm


def settle(accelerator: Accelerator, model: nn.Module, loader: Loader) -> None:
    """Let several processes settle on the order they sum gradients in; the model stays as it is.

    DistributedDataParallel changes it once, after its first backward pass. In the first step of
    each start, a resumed run would round otherwise than an uninterrupted one.
    """
    if accelerator.num_processes == 1:
        return
    buffers = [buffer.clone() for buffer in model.buffers()]
    batch, _ = next(loader.groups()).batches[0]
    accelerator.backward(score(predict(model, batch), batch)["loss"].mean())
    model.zero_grad()
    for buffer, before in zip(model.buffers(), buffers, strict=True):
        buffer.copy_(before)


def weigh(values: dict[str, Tensor], real: int) -> dict[str, Tensor]:
    """Return the weighted sums of values per example [b], without the rows behind `real`."""
    weight = values.get("weight", torch.ones_like(values["loss"]))
    weight = weight * (torch.arange(len(weight), device=weight.device) < real)
    return {n: (v * weight).sum() for n, v in values.items() if n != "weight"} | {
        "weight": weight.sum()
    }


def add(sums: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Add values to the sums of the same names."""
    for name, value in values.items():
        sums[name] = sums.get(name, 0) + value.detach()


def average(accelerator: Accelerator, sums: dict[str, Tensor]) -> dict[str, float]:
    """Return the averages over all processes of what `weigh` summed."""
    names = sorted(sums)
    totals = accelerator.reduce(torch.stack([sums[name] for name in names])).tolist()
    found = dict(zip(names, totals, strict=True))
    return {name: found[name] / found["weight"] for name in names if name != "weight"}
