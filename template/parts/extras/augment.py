"""Random changes of images, batched on the device, each image's drawn from its own key."""

import torch
from torch import Tensor

from ..core.rng import uniform
from ..settings.augment import AugmentConfig


def augment(images: Tensor, keys: Tensor, cfg: AugmentConfig, seed: int) -> Tensor:
    """Return changed images; `images` is [b, c, h, w] in [0, 1], image i is drawn from keys[i]."""
    if cfg == AugmentConfig():
        return images
    draw = uniform(keys, 12, seed)
    if cfg.crop or cfg.flip:
        images = shift_and_flip(images, draw[:, 0:3], cfg.crop, cfg.flip)
    if cfg.jitter:
        images = jitter(images, draw[:, 3:6], cfg.jitter)
    if cfg.grayscale:
        images = torch.where(per_image(draw[:, 6] < cfg.grayscale), gray(images), images)
    if cfg.erase:
        images = erase(images, draw[:, 7:12], cfg.erase)
    return images


def shift_and_flip(images: Tensor, draw: Tensor, pad: int, flip: float) -> Tensor:
    """Crop [h, w] at a random place of the zero-padded image, then mirror it with chance `flip`."""
    count, channels, height, width = images.shape
    offset = (draw[:, :2] * (2 * pad + 1)).long() - pad
    rows = torch.arange(height, device=images.device) + offset[:, :1]
    columns = torch.arange(width, device=images.device) + offset[:, 1:]
    columns = torch.where(draw[:, 2:] < flip, columns.flip(1), columns)
    near_rows, near_columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    inside = (rows == near_rows)[:, :, None] & (columns == near_columns)[:, None]
    index = (near_rows[:, :, None] * width + near_columns[:, None]).view(count, 1, -1)
    moved = images.flatten(2).gather(2, index.expand(-1, channels, -1)).view_as(images)
    return moved * inside[:, None]


def jitter(images: Tensor, draw: Tensor, strength: float) -> Tensor:
    """Scale brightness, contrast and saturation by factors from [1 - strength, 1 + strength]."""
    factors = 1 + strength * (2 * draw - 1)
    brightness, contrast, saturation = (per_image(factor) for factor in factors.unbind(1))
    images = images * brightness
    images = torch.lerp(gray(images).mean((1, 2, 3), keepdim=True), images, contrast)
    return torch.lerp(gray(images), images, saturation).clamp(0, 1)


def gray(images: Tensor) -> Tensor:
    """Return the luma (ITU-R BT.601), shaped like the images."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True).expand_as(images)


def erase(images: Tensor, draw: Tensor, chance: float) -> Tensor:
    """Fill a rectangle with sides of 10 to 50 % of the image's with the image's mean."""
    inside = per_image(draw[:, 0] < chance)
    for axis, (size, start) in ((2, draw[:, 1:3].T), (3, draw[:, 3:5].T)):
        length = images.shape[axis] * (0.1 + 0.4 * size)
        first = (images.shape[axis] - length) * start
        place = torch.arange(images.shape[axis], device=images.device) + 0.5
        hit = (place >= first[:, None]) & (place < (first + length)[:, None])
        inside = inside & (hit[:, None, :, None] if axis == 2 else hit[:, None, None, :])
    return torch.where(inside, images.mean((1, 2, 3), keepdim=True), images)


def per_image(values: Tensor) -> Tensor:
    """Shape one value per image [b] so that it meets all its pixels."""
    return values.view(-1, 1, 1, 1)
