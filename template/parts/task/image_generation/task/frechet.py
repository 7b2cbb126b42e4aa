"""How far generated images are from real ones: the Frechet distance of their features."""

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.rng import mix, uniform

WIDTHS = 32, 64, 32
"""channels of the layers; the last are the features"""


@cache
def filters(channels: int, device: torch.device) -> list[Tensor]:
    """Return the weights of the layers, the same ones in every run."""
    layers, inside = [], channels
    for number, outside in enumerate(WIDTHS):
        fan = inside * 9
        draw = uniform(torch.arange(outside), fan, mix("filters", number)).to(device)
        # Uniform numbers of the variance 2 / fan (He et al., ICCV 2015).
        layers.append(((2 * draw - 1) * math.sqrt(6 / fan)).view(outside, inside, 3, 3))
        inside = outside
    return layers


def extract(images: Tensor) -> Tensor:
    """Return features [b, 32] of images [b, c, h, w].

    They are those of a network with random weights, which suits images of any kind and needs no
    download; that it tells good images from bad ones is shown in Naeem et al. (ICML 2020).
    """
    x = images.float()
    for stride, weight in zip((1, 2, 2), filters(images.shape[1], images.device), strict=True):
        x = F.leaky_relu(F.conv2d(x, weight, stride=stride, padding=1), 0.2)
    return x.mean((2, 3))


def moments(features: Tensor, real: Tensor) -> Tensor:
    """Return the sums over the real rows of 1, x and x x^T as one matrix, [1 + d, 1 + d]."""
    # A Mac's GPU has no float64.
    kind = torch.float32 if features.device.type == "mps" else torch.float64
    rows = F.pad(features.to(kind), (1, 0), value=1.0) * real[:, None]
    return rows.T @ rows


def frechet(real: Tensor, made: Tensor) -> tuple[float, float]:
    """Return the two parts of the distance between sums of `moments`: of means, of covariances.

    They are those of Heusel et al. (NeurIPS 2017), divided by the variance of the real features:
    images that are all the same come to 1 or more, those of the same distribution to nearly 0.
    """
    (mean1, cov1), (mean2, cov2) = gaussian(real), gaussian(made)
    values, vectors = torch.linalg.eigh(cov1)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0).sqrt().sum()
    variance = cov1.trace()
    mean = (mean1 - mean2).square().sum() / variance
    return mean.item(), ((variance + cov2.trace() - 2 * cross) / variance).item()


def gaussian(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean [d] and the covariance [d, d] of the rows behind sums of `moments`."""
    second = sums.double() / sums[0, 0]
    mean = second[0, 1:]
    return mean, second[1:, 1:] - mean.outer(mean)
