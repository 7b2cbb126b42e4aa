"""Arguments of `sample`."""

from dataclasses import dataclass

from pydantic import PositiveInt

from .command import RunCommand


@dataclass(kw_only=True)
class Sample(RunCommand):
    """Draw images in the run's folder, a column for each class; further arguments are settings."""

    count: PositiveInt = 8
    """images of each class"""
    seed: int = 0
    """another one gives other images"""
