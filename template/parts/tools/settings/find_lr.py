"""Arguments of `find_lr`."""

from dataclasses import dataclass

from pydantic import PositiveFloat, PositiveInt

from .command import Command


@dataclass(kw_only=True)
class FindLR(Command):
    """Print a learning rate to begin with as JSON, and draw the curve it comes from.

    Further arguments are settings, as of the train command.
    """

    low: PositiveFloat = 1e-6
    """first learning rate"""
    high: PositiveFloat = 10.0
    """last learning rate"""
    steps: PositiveInt = 100
    """optimizer steps"""

    def __post_init__(self):
        if self.low >= self.high:
            raise ValueError(f"--low {self.low:g} is not below --high {self.high:g}")
