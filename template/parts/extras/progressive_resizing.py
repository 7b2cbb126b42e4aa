"""Progressive resizing: small images first, which cost less, and full ones in the end."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..settings.progressive_resizing import ProgressiveResizingConfig


def grow(
    prepare: Callable[[Any], dict[str, Tensor]],
    count: int,
    cfg: ProgressiveResizingConfig,
    batch: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Return what `prepare` makes of a batch with its images in the size of their pass.

    A key tells its pass, for each pass has `count` of them.
    """
    batch = prepare(batch)
    return batch | {"image": resize(batch["image"], int(batch["key"][0]) // count, cfg)}


def resize(images: Tensor, epoch: int, cfg: ProgressiveResizingConfig) -> Tensor:
    """Return images [b, c, h, w] with the sides of a pass, in whole pixels."""
    share = cfg.start + (1 - cfg.start) * min(epoch / cfg.epochs, 1)
    size = [round(share * side) or 1 for side in images.shape[2:]]
    if size == list(images.shape[2:]):
        return images
    return F.interpolate(images, size, mode="bilinear", antialias=True)
