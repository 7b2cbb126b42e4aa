"""Arguments of `segment`."""

from dataclasses import dataclass
from pathlib import Path

from .command import RunCommand


@dataclass(kw_only=True)
class Segment(RunCommand):
    """Write a mask for each image, as it lies in its file, in the run's folder.

    An image that can't be read is named on stderr, and makes the exit code 2 at the end.
    """

    input: Path
    """image, or folder of images"""
