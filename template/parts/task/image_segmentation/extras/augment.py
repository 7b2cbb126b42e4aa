"""Random changes of images and their labels, batched on the device, each drawn from its own key."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.rng import uniform
from ..settings.augment import AugmentConfig
from ..settings.data import UNLABELLED


def augment(
    images: Tensor, labels: Tensor, keys: Tensor, cfg: AugmentConfig, seed: int
) -> tuple[Tensor, Tensor]:
    """Return changed images and labels; image i and its label are drawn from keys[i].

    `images` is [b, c, h, w] in [0, 1], `labels` [b, h, w]. What comes in from beyond an edge is
    black and unlabelled.
    """
    if cfg == AugmentConfig():
        return images, labels
    draw = uniform(keys, 7, seed)
    if cfg.shift or cfg.scale or cfg.turn or cfg.flip:
        grid = F.affine_grid(back(draw, cfg), list(images.shape), align_corners=False)
        images = F.grid_sample(images, grid, align_corners=False)
        known = (labels - UNLABELLED)[:, None].float()
        moved = F.grid_sample(known, grid, mode="nearest", align_corners=False)
        labels = moved[:, 0].long() + UNLABELLED
    if cfg.jitter:
        brightness, contrast = (1 + cfg.jitter * (2 * draw[:, 5:] - 1)).T[..., None, None, None]
        images = images * brightness
        images = torch.lerp(images.mean((1, 2, 3), keepdim=True), images, contrast).clamp(0, 1)
    return images, labels


def back(draw: Tensor, cfg: AugmentConfig) -> Tensor:
    """Return the matrices [b, 2, 3] that say where in the image a place of the result is found."""
    size = 1 + cfg.scale * (2 * draw[:, 0] - 1)
    angle = torch.deg2rad(cfg.turn * (2 * draw[:, 1] - 1))
    mirror = torch.where(draw[:, 2] < cfg.flip, -1.0, 1.0)
    cos, sin = angle.cos() / size, angle.sin() / size
    shift = 2 * cfg.shift * (2 * draw[:, 3:5] - 1)
    rows = torch.stack([mirror * cos, -sin, shift[:, 0], mirror * sin, cos, shift[:, 1]], 1)
    return rows.view(-1, 2, 3)
