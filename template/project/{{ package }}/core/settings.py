"""Settings by dotted key, `optim.lr`, as files and arguments give them and sections hold them."""

import argparse
import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, get_origin, get_type_hints

from .errors import PACKAGE, UserError, nearest, one_line
from .strict import read
from .values import fit, show

HELP = ("-h", "--help")


def list_settings(section: type, prefix: str = "") -> dict[str, Any]:
    """Return the types of a dataclass's settings, and of those of the sections in it, by key."""
    found = {}
    for name, hint in get_type_hints(section).items():
        key = f"{prefix}{name}"
        found |= list_settings(hint, f"{key}.") if dataclasses.is_dataclass(hint) else {key: hint}
    return found


def read_file(file: Path) -> dict[str, Any]:
    """Return what stands in a YAML file of settings; raise ValueError if it can't be read."""
    try:
        settings = read(file.read_bytes())
    except OSError as error:
        raise ValueError(f"{error.strerror}; --config FILE names a file of settings") from None
    if not isinstance(settings, dict | None):
        raise ValueError("holds no settings, which are lines of the form `key: value`")
    return settings or {}


def pair(argv: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the key and value of each `--key value` or `--key=value`; ValueError for others."""
    words = iter(argv)
    for word in words:
        key, given, value = word.removeprefix("--").partition("=")
        if word in HELP:
            continue
        if not word.startswith("--") or not key:
            raise ValueError(f"{show(word)} is no setting; write --key VALUE")
        value = value if given else next(words, "--")
        if value.startswith("--") and not given:
            raise ValueError(f"{key}: has no value; write --{key} VALUE")
        yield key, value


def settle(
    given: dict[str, Any], hints: dict[str, Any], key: str, value: Any, text: bool = False
) -> None:
    """Put into `given` a setting, one of a setting's own arguments, or all of a section.

    Raises ValueError for a key or value that is not allowed. A section with nothing is no change.
    """
    inside = [name for name in hints if name.startswith(f"{key}.")]
    above = [n for n in hints if key.startswith(f"{n}.") and get_origin(hints[n]) is dict]
    if text and (inside or above):
        with suppress(ValueError):  # then it stays a text
            value = read(value)
    if key in hints:
        given[key] = fit(key, value, hints[key], text)
    elif inside and isinstance(value, dict | None):
        for name, each in (value or {}).items():
            settle(given, hints, f"{key}.{name}", each)
    elif inside:
        raise ValueError(f"{key}: {show(value)}; it is a section, write a setting as {inside[0]}")
    elif above:
        argument = {key.removeprefix(f"{above[0]}."): value}
        given[above[0]] = fit(above[0], given.get(above[0], {}) | argument, hints[above[0]])
    else:
        raise ValueError(f"no setting {show(key)[1:-1]}{nearest(key, hints)}; --help lists all")


def build(section: type, given: dict[str, Any], prefix: str = "") -> Any:
    """Return a section of the settings that are given, and of its defaults."""
    values = {}
    for name, hint in get_type_hints(section).items():
        key = f"{prefix}{name}"
        if dataclasses.is_dataclass(hint):
            values[name] = build(hint, given, f"{key}.")
        elif key in given:
            values[name] = given[key]
    return section(**values)


class Parser(argparse.ArgumentParser):
    """The arguments of a command beside the settings; what it doesn't take is a UserError."""

    def __init__(self, command: str, description: str | None):
        prog = f"python -m {PACKAGE}.{command}"
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def add_argument(self, name: str, *names: str, **options: Any) -> argparse.Action:
        """Add an argument, of a type that a setting may have or read by a function."""
        hint = options.get("type")
        if isinstance(hint, type):
            options["type"] = lambda text: self.fit(name, text, hint)
        return super().add_argument(name, *names, **options)

    def fit(self, name: str, text: str, hint: type) -> Any:
        try:
            return fit(name, text, hint, text=True)
        except ValueError as error:
            self.error(str(error))

    def error(self, message: str) -> NoReturn:
        raise UserError(one_line(message))
