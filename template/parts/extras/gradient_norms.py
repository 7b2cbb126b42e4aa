"""The norm of each layer's gradient among the training scores: where it vanishes or explodes."""

import torch
from torch import Tensor, nn


def layer_norms(model: nn.Module) -> dict[str, Tensor]:
    """Return the norm [] of each layer's gradient, a layer being one with parameters of its own.

    As gradients are the same on all processes, so is the average over processes and examples.
    """
    gradients, counts = [], {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            layer = name.rpartition(".")[0] or "model"
            gradients.append(parameter.grad)
            counts[layer] = counts.get(layer, 0) + 1
    # A layer's parameters stand side by side: two kernels for all, and nothing waits for them.
    norms = torch.stack(torch._foreach_norm(gradients)).split(list(counts.values()))
    norms = zip(counts, torch._foreach_norm(norms), strict=True)
    return {f"{layer}/grad_norm": norm for layer, norm in norms}
