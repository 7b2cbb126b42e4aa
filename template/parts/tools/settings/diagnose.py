"""Arguments of `diagnose`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .command import Command


@dataclass(kw_only=True)
class Diagnose(Command):
    """Print what the first steps show, then the findings as JSON; draw the gradients.

    Further arguments are settings, as of the train command.
    """

    steps: PositiveInt = 50
    """steps on one batch"""
