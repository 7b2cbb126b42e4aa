"""Settings of `loss`."""

from dataclasses import dataclass, field
from typing import Any
#% if task != 'tabular_regression' %#

BY_LABEL = {"CrossEntropyLoss", "FocalLoss", "MultiMarginLoss"}
"""take the logits [b, classes] and the labels [b]"""
BY_CLASS = {"BCEWithLogitsLoss", "HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"}
"""take the logits and as many targets, 1 for the class of the label and 0 for the others"""
BALANCED = "balanced"
"""stands for weights of the classes in inverse proportion to their examples"""
#% endif %#


@dataclass(kw_only=True)
class LossConfig:
    """What is trained on; evaluations keep the loss of `score`, so that runs can be compared."""

    name: str | None = None
    """loss, or your own function or module by its full name; null keeps that of `score`"""
    args: dict[str, Any] = field(default_factory=dict)
    """its arguments; a list, such as weights of the classes, becomes a tensor"""

    def __post_init__(self):
        if self.args and not self.name:
            raise ValueError("loss.args belong to loss.name, which is null")
        #% if task != 'tabular_regression' %#
        if self.name in BY_CLASS and self.args.get("weight") == BALANCED:
            allowed = ", ".join(sorted(BY_LABEL))
            raise ValueError(f"loss.args: weight: {BALANCED} goes with {allowed}")
        #% endif %#
