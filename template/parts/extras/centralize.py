"""Gradient centralization (Yong et al., ECCV 2020)."""

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def centralize(gradients: Iterable[Tensor]) -> None:
    """Take from the gradient of each output's weights its mean, in place.

    The first dimension of a weight counts its outputs; norms and biases stay as they are.
    """
    for gradient in gradients:
        if gradient.ndim > 1:
            gradient -= gradient.mean(tuple(range(1, gradient.ndim)), keepdim=True)
