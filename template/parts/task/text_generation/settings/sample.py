"""Arguments of `sample`."""

from dataclasses import dataclass

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from .command import RunCommand


@dataclass(kw_only=True)
class Sample(RunCommand):
    """Print a prompt as the model goes on with it; further arguments change the run's settings."""

    prompt: str | None = None
    """text to go on with; null begins a new one"""
    length: PositiveInt = 500
    """most bytes to add; a document may end before"""
    temperature: PositiveFloat = 0.8
    """divides the logits; lower is tamer"""
    top_k: PositiveInt = 256
    """number of the likeliest bytes drawn from"""
    seed: NonNegativeInt = 0
    """what the draws are derived from"""
