"""What a command takes beside the settings of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PACKED = Path(__file__).parents[1] / "train.yaml"
"""where the settings are in an installed package, to which its wheel brings them"""
DEFAULTS = PACKED if PACKED.exists() else PACKED.parents[1] / "configs" / "train.yaml"


@dataclass(kw_only=True)
class Command:
    """What every command takes."""

    config: Path = DEFAULTS
    """YAML file of settings"""


@dataclass(kw_only=True)
class RunCommand(Command):
    """What a command on a trained run takes."""

    config: Path | None = None
    """YAML file of settings; null takes the run's"""
    run: Path
    """folder of the run, as runs/NAME"""
    weights: Literal["best", "last"] = "best"
    """its weights of the best evaluation, or its last ones"""

    def __post_init__(self):
        if not (self.run / "config.yaml").is_file():
            raise ValueError(f"--run: there is no run in {self.run} (no config.yaml)")
        self.config = self.config or self.run / "config.yaml"
