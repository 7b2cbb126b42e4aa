"""The embedded data: scenes of scikit-learn's digits on noise, with the class of each pixel."""

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.rng import mix, uniform
from .images import Digits, read_digits
from .masks import Spec

KINDS = 4
"""digits that are in the scenes: those from 0 to 3"""


def read_scenes(cfg: Any) -> tuple[dict[str, Digits], Spec]:
    """Return `cfg.scenes` scenes to train on, and for each other part an eighth of other digits.

    `cfg` is a DataConfig.
    """
    digits, _ = read_digits(replace(cfg, channels=1, size=8))
    spec = Spec(["background", *map(str, range(KINDS))], cfg.channels or 1, cfg.size or 20)
    counts = {part: cfg.scenes if part == "train" else -(-cfg.scenes // 8) for part in digits}
    scenes = {p: compose(digits[p], counts[p], spec, mix("scenes", p)) for p in digits}
    return scenes, spec


def compose(digits: Digits, count: int, spec: Spec, seed: int) -> Digits:
    """Return scenes with up to four digits; scene i is drawn from (seed, i) alone."""
    some = digits.labels < KINDS
    images, labels = digits.images[some].float() / 255, digits.labels[some].to(torch.uint8)
    scenes, shape = torch.arange(count), (count, spec.size, spec.size)
    pixels = 0.2 * uniform(scenes, spec.size**2, mix(seed, "noise")).view(shape)
    classes = torch.zeros(shape, dtype=torch.uint8)
    for quarter, draw in enumerate(uniform(scenes, 28, seed).view(count, 4, 7).unbind(1)):
        digit = (draw[:, 0] * len(labels)).long()
        center = torch.tensor([quarter % 2, quarter // 2]) - 0.5 + 0.2 * (draw[:, 1:3] - 0.5)
        size, slant = 0.48 + 0.07 * draw[:, 3], 0.4 * (draw[:, 4] - 0.5)
        ink = place(images[digit], center, size, slant, spec.size)
        ink = ink * (draw[:, 5] < 0.8)[:, None, None]  # else the quarter stays empty
        pixels = torch.lerp(pixels, (0.7 + 0.3 * draw[:, 6])[:, None, None], ink)
        classes = torch.where(ink > 0.4, labels[digit][:, None, None] + 1, classes)
    gray = (pixels * 255).round().to(torch.uint8)[:, None]
    return Digits(gray.expand(-1, spec.channels, -1, -1), classes)


def place(images: Tensor, center: Tensor, size: Tensor, slant: Tensor, side: int) -> Tensor:
    """Return images [n, side, side] that are black but for the given ones [n, 1, h, w].

    `center` [n, 2] lies in [-1, 1], `size` [n] is a share of the side, `slant` [n] a tangent.
    """
    shear = torch.stack([torch.ones_like(slant), slant, torch.zeros_like(slant)], 1)
    back = torch.stack([shear[:, :2], shear[:, [2, 0]]], 1) / size[:, None, None]
    theta = torch.cat([back, -back @ center[:, :, None]], 2)
    grid = F.affine_grid(theta, [len(images), 1, side, side], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)[:, 0]
