"""Settings of `distillation`."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import PositiveFloat

from .types import ClosedUnitInterval


@dataclass(kw_only=True)
class DistillationConfig:
    """Whom the model learns from (Hinton et al., 2015), and how much."""

    teacher: Path | None = None
    """folder of its run, as runs/NAME, for its best weights; null trains without a teacher"""
    temperature: PositiveFloat = 4.0
    """divides the logits of both; a higher one tells more of the classes that are unlikely"""
    alpha: ClosedUnitInterval = 0.7
    """share of the teacher in the loss; the labels have the rest"""
