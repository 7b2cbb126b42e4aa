"""Arguments of `report`."""

from dataclasses import dataclass
from pathlib import Path

from .command import DEFAULTS, Command


@dataclass(kw_only=True)
class Report(Command):
    """Write a page on a run, or on several side by side, into the first one's folder."""

    config: Path | None = None
    """YAML file of settings to evaluate with; null takes the first run's"""
    run: list[Path]
    """a run's folder, as runs/NAME; several are --run A --run B"""
    evaluate: bool = False
    """measure the first run's best weights, too"""

    def __post_init__(self):
        for run in self.run:
            if not (run / "metrics.jsonl").is_file():
                raise ValueError(f"--run: there is no run in {run} (no metrics.jsonl)")
        self.config = self.config or (self.run[0] / "config.yaml" if self.evaluate else DEFAULTS)
