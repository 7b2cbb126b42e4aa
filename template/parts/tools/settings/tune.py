"""Arguments of `tune`."""

from dataclasses import dataclass
from typing import Literal

from pydantic import PositiveInt

from .command import Command


@dataclass(kw_only=True)
class Tune(Command):
    """Search for the best settings; further arguments are settings of all trials."""

    search: str
    """YAML or a file of it: {setting: [values], setting: {low: 1e-4, high: 0.1, log: true}}"""
    trials: PositiveInt = 20
    """trials in all"""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """how their settings are drawn"""
