"""Arguments of `predict`."""

from dataclasses import dataclass
from pathlib import Path

from .command import RunCommand


@dataclass(kw_only=True)
class Predict(RunCommand):
    """Print a line of JSON for each input; settings change those of the run.

    An input that can't be read is named on stderr, and makes the exit code 2 at the end.
    """

    input: Path
    """file, or folder of files"""
