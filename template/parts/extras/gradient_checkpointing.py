"""Gradient checkpointing: blocks are computed again in the backward pass, to save memory."""

from dataclasses import dataclass, field
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from .errors import check_choice


@dataclass(kw_only=True)
class GradientCheckpointingConfig:
    """What is computed twice."""

    blocks: list[str] = field(default_factory=lambda: ["Block"])
    """classes, or base classes, of modules of which only what goes in is kept"""


def checkpoint_blocks(network: nn.Module, cfg: GradientCheckpointingConfig) -> None:
    """Let modules forget what they compute inside (Chen et al., 2016, arXiv 1604.06174).

    The second time they draw the same random numbers: the gradients are those of plain training,
    for a forward pass more and the memory of one block instead of all. Raises UserError for a class
    that no module has.
    """
    found = {each: [kind.__name__ for kind in type(each).__mro__] for each in network.modules()}
    for block in set(cfg.blocks) - {name for names in found.values() for name in names}:
        own = sorted({names[0] for names in found.values()})
        check_choice("gradient_checkpointing.blocks", block, own)
    for module, names in found.items():
        if not set(cfg.blocks).isdisjoint(names):
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)
