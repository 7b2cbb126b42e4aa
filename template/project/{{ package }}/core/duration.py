"""Durations: steps, epochs or hours at the door, optimizer steps and seconds inside."""

import re

from jsonargparse.typing import restricted_string_type

NUMBER = r"^([0-9]{1,15}(?:\.[0-9]{1,15})?) *"
PATTERN = NUMBER + "(step|epoch)s?$"
Duration = restricted_string_type("Duration", PATTERN, docstring="`{0} steps` or `{0} epochs`")
WITHIN = NUMBER + "((?:step|epoch)s?|%)$"
WORDS = "`{0} %` of the run, `{0} steps` or `{0} epochs`"
Within = restricted_string_type("Within", WITHIN, docstring=WORDS)
TIME = NUMBER + "(s|min|h)$"
Time = restricted_string_type("Time", TIME, docstring="`{0} h`, `{0} min` or `{0} s`")


def to_steps(duration: str, epoch: int, total: int = 0) -> int:
    """Return a duration in optimizer steps: `epoch` make an epoch, and `total` the run."""
    number, unit = re.match(WITHIN, duration).groups()
    return round(float(number) * {"%": total / 100, "e": epoch, "s": 1}[unit[0]])


def to_seconds(time: str) -> float:
    """Return a time in seconds."""
    number, unit = re.match(TIME, time).groups()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def due(step: int, *intervals: int) -> bool:
    """Return whether something that happens at one of these intervals happens after this step."""
    return any(interval and step % interval == 0 for interval in intervals)
