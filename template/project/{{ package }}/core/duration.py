"""Durations: steps, epochs or hours at the door, optimizer steps and seconds inside."""

import re

PARTS = re.compile(r"([0-9.]+) *([%a-z]+)")
"""number and unit; settings/types.py says which are allowed"""


def to_steps(duration: str, epoch: int, total: int = 0) -> int:
    """Return a duration in optimizer steps: `epoch` make an epoch, and `total` the run."""
    number, unit = PARTS.match(duration).groups()
    return round(float(number) * {"%": total / 100, "e": epoch, "s": 1}[unit[0]])


def to_seconds(time: str) -> float:
    """Return a time in seconds."""
    number, unit = PARTS.match(time).groups()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def due(step: int, *intervals: int) -> bool:
    """Return whether something that happens at one of these intervals happens after this step."""
    return any(interval and step % interval == 0 for interval in intervals)
