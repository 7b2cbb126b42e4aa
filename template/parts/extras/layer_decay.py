"""Layer-wise learning rates: the further a layer is from the last, the less it moves."""

from collections.abc import Iterable
from itertools import groupby
from types import ModuleType

import torch
from torch import nn

from ..core.errors import UserError
from ..core.loader import Loader


def layer_of(name: str) -> str:
    """Return a parameter's name up to its first number, or else its first part."""
    parts = name.split(".")
    number = next((place for place, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[: number + 1])


def layer_factors(names: Iterable[str], decay: float) -> dict[str, float]:
    """Return a factor on the learning rate of each parameter: `decay` to the layers above it.

    `names` are in the order of the model, where those of a layer stand together. ULMFiT (Howard and
    Ruder, ACL 2018) divides by 2.6 from layer to layer, BEiT (Bao et al., ICLR 2022) by less.
    """
    layers = [list(group) for _, group in groupby(names, layer_of)]
    return {name: decay**above for above, layer in enumerate(layers[::-1]) for name in layer}


def check_order(network: nn.Module, loader: Loader, model: ModuleType, decay: float) -> None:
    """Compute a batch; raise UserError for a layer that is used before one defined in front of it.

    What is used without a call of its module, as a matrix in two places, tells of no order.
    """
    if decay == 1:
        return
    calls: list[str] = []
    hooks = [
        module.register_forward_pre_hook(lambda *_, name=name: calls.append(name))
        for name, module in network.to(loader.device).named_modules()
    ]
    batch, _ = next(loader.groups()).batches[0]
    network.eval()
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        model.predict(network, batch)
    network.train()
    for hook in hooks:
        hook.remove()
    first = {name: place for place, name in reversed([*enumerate(calls)])}
    latest, before = -1, ""
    for layer, names in groupby((name for name, _ in network.named_parameters()), layer_of):
        owners = {name.rpartition(".")[0] for name in names}
        used = min((first[owner] for owner in owners if owner in first), default=latest)
        if used < latest:
            raise UserError(
                f"optim.layer_decay: {layer} is used before {before} and defined behind it in the "
                "model; layers must be defined in the order in which they are used"
            )
        latest, before = used, layer
