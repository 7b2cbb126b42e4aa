"""Arguments of `export`."""

from dataclasses import dataclass
from pathlib import Path

from .command import RunCommand


@dataclass(kw_only=True)
class Export(RunCommand):
    """Write a run's model, its classes and tokenizer to a folder, for `from_pretrained`."""

    folder: Path
    """new folder to write"""
