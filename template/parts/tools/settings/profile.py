"""Arguments of `profile`."""

from dataclasses import dataclass

from pydantic import NonNegativeInt, PositiveInt

from .command import Command


@dataclass(kw_only=True)
class Profile(Command):
    """Print the slowest operators, then the figures of a step as JSON; write a trace of all events.

    The figures are the first process's. Further arguments are settings, as of the train command.
    """

    steps: PositiveInt = 10
    """optimizer steps"""
    warmup: NonNegativeInt = 3
    """steps before them"""
    rows: PositiveInt = 10
    """operators in the table"""
