"""Settings of `compile`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True)
class CompileConfig:
    """How the model is compiled; the first training step and evaluation take seconds to minutes."""

    backend: str = "inductor"
    """compiler, such as inductor or, for a look at what breaks, aot_eager or eager"""
    mode: Literal["default", "reduce-overhead", "max-autotune"] = "default"
    """what inductor spends its time on; reduce-overhead suits small models on a GPU"""
