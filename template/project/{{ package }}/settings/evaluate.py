"""Arguments of `evaluate`."""

from dataclasses import dataclass

from .command import RunCommand


@dataclass(kw_only=True)
class Evaluate(RunCommand):
    """Print a run's scores and what is behind them as JSON; settings change those of the run."""

    part: str = "evaluation"
    """train, evaluation, test or all"""
