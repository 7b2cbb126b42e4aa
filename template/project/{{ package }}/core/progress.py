"""How far a training has come."""

import gc
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from .duration import due
from .loader import Group, Loader


@dataclass
class Progress:
    """All that the loop remembers."""

    step: int = 0  # optimizer steps done
    examples: int = 0  # that were trained on, over all processes and passes
    pending: bool = False  # whether the evaluation after the step has yet to be done
    done: bool = False  # whether the run has come to its end
    best: dict[str, float] = field(default_factory=dict)  # scores of the best evaluation

    def state_dict(self) -> dict[str, Any]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def advance(self, total: int, eval_every: int) -> None:
        """Note that a step is done, and whether an evaluation has to follow it."""
        self.step += 1
        self.pending = self.step == total or due(self.step, eval_every)

    def improve(self, scores: dict[str, float], monitor: str, mode: str) -> bool:
        """Remember the scores if they are the best so far, and return whether they are."""
        score, best = scores[monitor], self.best.get(monitor, math.nan)
        better = math.isnan(best) or (score > best if mode == "max" else score < best)
        self.best = scores if better else self.best
        return better


def follow(loader: Loader, progress: Progress) -> Iterator[Group]:
    """Yield groups of batches, pass after pass, from where `progress` stands, and move it on."""
    gc.freeze()  # or a collection would go through all that was imported, for many steps' time
    while True:
        for group in loader.groups(*divmod(progress.examples, len(loader.dataset))):
            progress.examples += group.examples
            yield group
