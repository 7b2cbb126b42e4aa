"""Mixup and CutMix: images mixed in pairs, and their losses in the same shares."""

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.rng import uniform
from ..settings.mixup import MixupConfig

LEVELS = 4096
"""values that a share is drawn from"""


def mix_pairs(
    images: Tensor, keys: Tensor, size: int, cfg: MixupConfig, seed: int
) -> tuple[Tensor, Tensor]:
    """Return mixed images [n, c, h, w] and the share [n] of each that is its own.

    They come in batches of `size`, which is even, cut from one order: a pair stays one in any.
    """
    draw = uniform(keys, 4, seed)
    ways = []
    if cfg.alpha:
        kept = per_image(beta(draw[:, 0], cfg.alpha))
        ways.append(kept.expand(-1, 1, *images.shape[2:]))
    if cfg.cutmix:
        ways.append(cut(draw[:, 0:3], cfg.cutmix, *images.shape[2:]))
    own = torch.where(per_image(draw[:, 3] < 0.5), ways[0], ways[-1])
    # The last row of a pass may have padding beside it, which repeats the batch's first row; the
    # only one to have that for a partner by right is row 1.
    partners = swap(keys).view(-1, size)
    alone = partners == keys.view(-1, size)[:, :1]
    alone[:, 1] = False
    own = torch.where(per_image(alone), 1.0, own)
    return torch.lerp(swap(images), images, own), own.mean((1, 2, 3))


def swap(rows: Tensor) -> Tensor:
    """Return each row's partner in its place."""
    return rows.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)


def cut(draw: Tensor, alpha: float, height: int, width: int) -> Tensor:
    """Return [b, 1, h, w], 0 in a rectangle around a random place and 1 elsewhere."""
    side = (1 - beta(draw[:, 0], alpha)).sqrt()
    hits = []
    for count, middle in ((height, draw[:, 1]), (width, draw[:, 2])):
        place = (torch.arange(count, device=draw.device) + 0.5) / count
        hits.append((place - middle[:, None]).abs() < side[:, None] / 2)
    return 1 - (hits[0][:, None, :, None] & hits[1][:, None, None, :]).float()


def beta(draw: Tensor, alpha: float) -> Tensor:
    """Return numbers distributed as Beta(alpha, alpha) for uniform ones in [0, 1)."""
    return quantiles(alpha, draw.device)[(draw * LEVELS).long()]


@cache
def quantiles(alpha: float, device: torch.device) -> Tensor:
    """Return the quantiles of Beta(alpha, alpha) in the middle of each of LEVELS equal parts."""
    # Over z = log(x / (1 - x)) its density has no poles, and falls as exp(-alpha |z|).
    end = math.log(4) + 20 / alpha
    z = torch.linspace(-end, end, 4 * LEVELS + 1, dtype=torch.float64)
    density = (alpha * (F.logsigmoid(z) + F.logsigmoid(-z) + math.log(4))).exp()
    mass = torch.cumulative_trapezoid(density, z)
    middles = (torch.arange(LEVELS) + 0.5) / LEVELS * mass[-1]
    place = torch.searchsorted(mass, middles)
    share = (middles - mass[place - 1]) / (mass[place] - mass[place - 1])
    return torch.lerp(z[place], z[place + 1], share).sigmoid().float().to(device)


def twice(outputs: Tensor, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Return outputs and batch of 2b rows: with the label of each row, then of its partner."""
    label, share = batch["label"], batch["share"]
    both = {"label": torch.cat([label, swap(label)]), "share": torch.cat([share, 1 - share])}
    doubled = {name: torch.cat([value, value]) for name, value in batch.items()}
    return torch.cat([outputs, outputs]), doubled | both


def blend(values: dict[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return values [b] of those [2b] that `twice` leads to: the mean of two, by their shares.

    Where labels have a weight, each counts in that mean as much as its weight times its share.
    """

    def mean(value: Tensor) -> Tensor:
        return (value * batch["share"]).unflatten(0, (2, -1)).sum(0)

    if "weight" not in values:
        return {name: mean(value) for name, value in values.items()}
    weight = mean(values["weight"])
    some = weight.clamp(min=torch.finfo(weight.dtype).tiny)
    return {n: mean(v * values["weight"]) / some for n, v in values.items()} | {"weight": weight}


def per_image(values: Tensor) -> Tensor:
    """Shape one value per image [b] so that it meets all its pixels."""
    return values.view(-1, 1, 1, 1)
