"""AutoAugment, RandAugment and TrivialAugment: changes of images by policies drawn per image."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.rng import uniform
from ..settings.auto_augment import AutoAugmentConfig


def auto_augment(images: Tensor, keys: Tensor, cfg: AutoAugmentConfig, seed: int) -> Tensor:
    """Return changed images; `images` is [b, c, h, w] in [0, 1], image i is drawn from keys[i]."""
    steps = {"trivial": 1, "rand": cfg.count, "auto": 2}[cfg.policy]
    draw = uniform(keys, 1 + 3 * steps, seed)
    first, each = draw[:, 0], draw[:, 1:].unflatten(1, (steps, 3))
    if cfg.policy == "auto":
        table = torch.tensor(POLICY, device=images.device)
        chosen, chance, strength = table[(first * len(table)).long()].unbind(2)
        chosen = torch.where(each[..., 0] < chance, chosen, 0).long()
    else:
        chosen = (each[..., 0] * (len(OPERATIONS) - 1)).long()  # all but invert
        strength = each[..., 1] if cfg.policy == "trivial" else cfg.magnitude
    strength = strength * torch.where(each[..., 2] < 0.5, -1, 1)
    for step in range(steps):
        images = change(images, chosen[:, step], strength[:, step])
    return images


def change(images: Tensor, chosen: Tensor, strength: Tensor) -> Tensor:
    """Return the images, each changed by the operation that is chosen [b] for it."""
    changed, order = torch.empty_like(images), chosen.argsort()
    counts = chosen.bincount(minlength=len(OPERATIONS)).tolist()
    for operation, rows in zip(OPERATIONS.values(), order.split(counts), strict=True):
        if len(rows):
            changed[rows] = operation(images[rows], strength[rows])
    return changed


# The operations: of images [b, c, h, w] in [0, 1] and strengths [b] in [-1, 1].


def move(images: Tensor, *matrix: float | Tensor) -> Tensor:
    """Return images that show at (x, y) what was at the matrix times (x, y, 1); black around them.

    The matrix is six numbers, row by row, each one for all images or one per image [b]. Places are
    relative to the middle, shifts in halves of the side.
    """
    ratio = images.shape[2] / images.shape[3]
    scales = (1, ratio, 1, 1 / ratio, 1, 1)
    zeros = images.new_zeros(len(images))
    rows = [zeros + scale * value for scale, value in zip(scales, matrix, strict=True)]
    theta = torch.stack(rows, 1).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def rotate(images: Tensor, strength: Tensor) -> Tensor:
    angle = math.radians(30) * strength
    return move(images, angle.cos(), -angle.sin(), 0, angle.sin(), angle.cos(), 0)


def blend(base: Tensor, images: Tensor, strength: Tensor) -> Tensor:
    """Return the images nearer to the base, or beyond them, by at most 0.9 of the way."""
    return torch.lerp(base, images, per_image(1 + 0.9 * strength)).clamp(0, 1)


def brightness(images: Tensor, strength: Tensor) -> Tensor:
    return blend(torch.zeros_like(images), images, strength)


def contrast(images: Tensor, strength: Tensor) -> Tensor:
    return blend(gray(images).mean((1, 2, 3), keepdim=True).expand_as(images), images, strength)


def color(images: Tensor, strength: Tensor) -> Tensor:
    return blend(gray(images), images, strength)


def sharpness(images: Tensor, strength: Tensor) -> Tensor:
    """Blend with the mean of each pixel, five times, and its eight neighbours; the edge stays."""
    kernel = images.new_ones(1, 1, 3, 3)
    kernel[..., 1, 1] = 5
    inner = F.conv2d(images.flatten(0, 1)[:, None], kernel / 13)
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = inner.view(*images.shape[:2], *inner.shape[2:])
    return blend(smooth, images, strength)


def posterize(images: Tensor, strength: Tensor) -> Tensor:
    """Keep 8 to 4 bits of each pixel."""
    step = per_image(2 ** (4 * strength.abs()).round())
    return ((images * 255).round() / step).floor() * step / 255


def solarize(images: Tensor, strength: Tensor) -> Tensor:
    """Invert the pixels from a threshold on."""
    return torch.where(images < per_image(1 - strength.abs()), images, 1 - images)


def auto_contrast(images: Tensor, strength: Tensor) -> Tensor:
    """Stretch each channel to all of [0, 1]."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low), images)


def equalize(images: Tensor, strength: Tensor) -> Tensor:
    """Set each pixel to the share of its channel's pixels, the brightest left out, below it."""
    pixels = images.flatten(2)
    below = torch.searchsorted(pixels.sort(2)[0], pixels).float()
    most = below.amax(2, keepdim=True)
    return torch.where(most > 0, below / most, pixels).view_as(images)


def gray(images: Tensor) -> Tensor:
    """Return the luma (ITU-R BT.601), shaped like the images."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True).expand_as(images)


def per_image(values: Tensor) -> Tensor:
    """Shape one value per image [b] so that it meets all its pixels."""
    return values.view(-1, 1, 1, 1)


OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda images, strength: images,
    "auto_contrast": auto_contrast,
    "equalize": equalize,
    "rotate": rotate,
    "solarize": solarize,
    "posterize": posterize,
    "color": color,
    "contrast": contrast,
    "brightness": brightness,
    "sharpness": sharpness,
    "shear_x": lambda images, s: move(images, 1, 0.3 * s, 0, 0, 1, 0),
    "shear_y": lambda images, s: move(images, 1, 0, 0, 0.3 * s, 1, 0),
    "translate_x": lambda images, s: move(images, 1, 0, 0.9 * s, 0, 1, 0),
    "translate_y": lambda images, s: move(images, 1, 0, 0, 0, 1, 0.9 * s),
    "invert": lambda images, strength: 1 - images,  # the last: only AutoAugment has it
}

# AutoAugment's table for CIFAR-10: per image one line, each a pair of operation, chance in tenths
# and level, of which 9 is the largest strength.
FOUND = """
    invert 1 0, contrast 2 6; rotate 7 2, translate_x 3 9; sharpness 8 1, sharpness 9 3;
    shear_y 5 8, translate_y 7 9; auto_contrast 5 0, equalize 9 0; shear_y 2 7, posterize 3 7;
    color 4 3, brightness 6 7; sharpness 3 9, brightness 7 9; equalize 6 0, equalize 5 0;
    contrast 6 7, sharpness 6 5; color 7 7, translate_x 5 8; equalize 3 0, auto_contrast 4 0;
    translate_y 4 3, sharpness 2 6; brightness 9 6, color 2 8; solarize 5 2, invert 0 0;
    equalize 2 0, auto_contrast 6 0; equalize 2 0, equalize 6 0; color 9 9, equalize 6 0;
    auto_contrast 8 0, solarize 2 8; brightness 1 3, color 7 0; solarize 4 5, auto_contrast 9 0;
    translate_y 9 9, translate_y 7 9; auto_contrast 9 0, solarize 8 3; equalize 8 0, invert 1 0;
    translate_y 7 9, auto_contrast 9 0
"""


def read_policy(text: str) -> list[list[tuple[int, float, float]]]:
    """Return pairs of (number of the operation, chance, strength)."""
    numbers = {name: number for number, name in enumerate(OPERATIONS)}
    pairs = [[operation.split() for operation in pair.split(",")] for pair in text.split(";")]
    return [[(numbers[n], int(p) / 10, int(level) / 9) for n, p, level in pair] for pair in pairs]


POLICY = read_policy(FOUND)
