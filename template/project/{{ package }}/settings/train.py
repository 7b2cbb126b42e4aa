"""Arguments of `train`."""

from dataclasses import dataclass

from .command import Command


@dataclass(kw_only=True)
class Train(Command):
    """Train with the settings of configs/train.yaml and of the arguments."""
