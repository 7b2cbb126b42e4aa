"""Settings of `gradient_checkpointing`."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class GradientCheckpointingConfig:
    """What is computed twice."""

    blocks: list[str] = field(default_factory=lambda: ["Block"])
    """classes, or base classes, of modules of which only what goes in is kept"""
