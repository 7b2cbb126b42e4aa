"""Knowledge distillation: the model learns from a trained one, beside the labels."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from ..core.errors import UserError
from ..core.loader import Loader
from ..settings.distillation import DistillationConfig


def teach(
    loader: Loader,
    cfg: DistillationConfig,
    load: Callable[[Path], tuple[nn.Module, Any]],
    model: ModuleType,
    spec: Any,
    accelerator: Accelerator,
) -> None:
    """Let every batch of the loader carry the teacher's logits, as `teacher` [b, classes].

    `load` gives a run's network and spec, the module `model` looks into a batch. The teacher sees
    what the network sees, augmented, and at the same precision. Raises UserError if there is none
    such, or if it was trained on other data.
    """
    if not cfg.teacher:
        return
    try:
        teacher, known = load(cfg.teacher)
    except UserError as error:
        raise UserError(f"distillation.teacher: {error}") from None
    if known != spec:
        raise UserError(f"distillation.teacher: it was trained on {known}, this data is {spec}")
    teacher.to(accelerator.device).eval()
    transform = loader.transform

    def ask(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        batch = transform(batch)
        with torch.no_grad(), accelerator.autocast():
            logits, _ = model.compare(model.predict(teacher, batch), batch)
        return batch | {"teacher": logits.float()}

    # Batches that are read at once would be a multiple of the teacher's memory.
    loader.transform, loader.plan.ahead = ask, 1


def imitate(
    loss: Tensor, logits: Tensor, batch: dict[str, Tensor], cfg: DistillationConfig
) -> Tensor:
    """Return the loss of each example [b] with the teacher's part in it, if there is a teacher.

    That part is the divergence from the teacher's distribution, KL(teacher || model), times the
    square of the temperature, which its gradient was divided by.
    """
    if not cfg.teacher:
        return loss
    mine, its = (x.div(cfg.temperature).log_softmax(1) for x in (logits, batch["teacher"]))
    divergence = F.kl_div(mine, its, reduction="none", log_target=True).sum(1)
    return (1 - cfg.alpha) * loss + cfg.alpha * cfg.temperature**2 * divergence
