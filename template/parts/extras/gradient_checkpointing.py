"""Gradient checkpointing: blocks are computed again in the backward pass, to save memory."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

from ..core.errors import check_choice
from ..settings.gradient_checkpointing import GradientCheckpointingConfig


def checkpoint_blocks(network: nn.Module, cfg: GradientCheckpointingConfig) -> None:
    """Let modules forget what they compute inside (Chen et al., 2016, arXiv 1604.06174).

    The second time they draw the same random numbers: the gradients are those of plain training,
    for a forward pass more and the memory of one block instead of all. A decoder's cache is off: it
    would be filled twice. Raises UserError for a class that no module has.
    """
    found = {each: [kind.__name__ for kind in type(each).__mro__] for each in network.modules()}
    for block in set(cfg.blocks) - {name for names in found.values() for name in names}:
        own = sorted({names[0] for names in found.values()})
        check_choice("gradient_checkpointing.blocks", block, own)
    for module, names in found.items():
        if not set(cfg.blocks).isdisjoint(names):
            again = {"context_fn": partial(contexts, module)} if find_norms(module) else {}
            module.forward = partial(checkpoint, module.forward, use_reentrant=False, **again)
    for module in network.modules() if cfg.blocks else ():
        if getattr(getattr(module, "config", None), "use_cache", False):
            module.config.use_cache = False


def find_norms(module: nn.Module) -> list[_NormBase]:
    """Return the normalisations inside that may keep statistics of the batches."""
    return [each for each in module.modules() if isinstance(each, _NormBase)]


def contexts(module: nn.Module) -> tuple[Any, Any]:
    """Return what the first and the second computation are in."""
    return nullcontext(), spared(find_norms(module))


@contextmanager
def spared(norms: list[_NormBase]) -> Iterator[None]:
    """Let normalisations count in copies of their statistics, which have the batch in them."""
    kept = [norm._buffers for norm in norms]
    for norm in norms:
        norm._buffers = {n: b if b is None else b.clone() for n, b in norm._buffers.items()}
    try:
        yield
    finally:
        for norm, buffers in zip(norms, kept, strict=True):
            norm._buffers = buffers
