"""Settings by dotted key, `optim.lr`, as files and arguments give them and sections hold them."""

import json
from collections.abc import Collection
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import yaml

from ..settings.command import DEFAULTS
from .errors import UserError, nearest, one_line
from .help import HELP, make_parser
from .strict import read
from .values import fit, show


def parse(command: type, section: type, argv: list[str]) -> tuple[Any, Any]:
    """Return what a command is asked for, and the settings of its file changed by the others.

    Raises UserError, naming the key and where it stands, for a key or value that is not allowed.
    """
    own, hints = list_settings(command), list_settings(section)
    asked: dict[str, Any] = {}
    given: dict[str, Any] = {}
    where, helps = "argument", bool(HELP & {*argv})
    try:
        arguments = pair(argv, {key for key in own if own[key] is bool})
        for key in own.keys() & arguments:
            settle(asked, own, key, arguments.pop(key))
        told = None if helps else build(command, asked)
        where = file = told.config if told else asked.get("config", DEFAULTS)
        for key, value in read_file(file).items():
            settle(given, hints, key, value)
        where = "argument"
        for key, texts in arguments.items():
            if key.split(".")[0] not in {name.split(".")[0] for name in hints}:
                key = show(key)[1:-1]
                raise ValueError(f"no setting {key}{nearest(key, own | hints)}; --help lists all")
            settle(given, hints, key, texts)
        if helps:
            make_parser(command, section, asked | given).parse_args(["--help"])
        where = f"{file} with the arguments"
        return told, build(section, given)
    except ValueError as error:
        raise UserError(f"{where}: {one_line(error)}") from None


def list_settings(section: type, prefix: str = "") -> dict[str, Any]:
    """Return the types of a dataclass's settings, and of those of the sections in it, by key."""
    found = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        key = f"{prefix}{name}"
        found |= list_settings(hint, f"{key}.") if is_dataclass(hint) else {key: hint}
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


class Texts(list):
    """What stands on the command line for a key, each time that it is there."""


def pair(argv: list[str], flags: Collection[str] = ()) -> dict[str, Texts]:
    """Return what stands for each `--key value` or `--key=value`; ValueError for other words.

    One of the flags is `true` where nothing stands for it.
    """
    found, words = {}, iter(argv)
    for word in words:
        key, given, value = word.removeprefix("--").partition("=")
        if word in HELP:
            continue
        if not word.startswith("--") or not key:
            raise ValueError(f"{show(word)} is no setting; write --key VALUE")
        if key in flags and not given:
            given, value = "=", "true"
        value = value if given else next(words, "--")
        if value.startswith("--") and not given:
            raise ValueError(f"{key}: has no value; write --{key} VALUE")
        found.setdefault(key, Texts()).append(value)
    return found


def settle(given: dict[str, Any], hints: dict[str, Any], key: str, value: Any) -> None:
    """Put into `given` a setting, one of a setting's own arguments, or all of a section.

    Raises ValueError for a key or value that is not allowed. A section with nothing is no change.
    """
    text = isinstance(value, Texts)
    inside = [name for name in hints if name.startswith(f"{key}.")]
    above = [n for n in hints if key.startswith(f"{n}.") and get_origin(hints[n]) is dict]
    if text and get_origin(hints.get(key)) is list and len(value) > 1:
        text, value = False, [*value]
    elif text:
        value = value[-1]
    if text and (inside or above):
        value = fit(key, value, Any, text)
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
    """Return a dataclass of what is given; raise ValueError if what has no default isn't there."""
    values, hints = {}, get_type_hints(section)
    for field in fields(section):
        key = f"{prefix}{field.name}"
        if is_dataclass(hints[field.name]):
            values[field.name] = build(hints[field.name], given, f"{key}.")
        elif key in given:
            values[field.name] = given[key]
        elif field.default is field.default_factory is MISSING:
            raise ValueError(f"--{key} is needed; write --{key} VALUE")
    return section(**values)


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted keys."""
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def to_yaml(cfg: Any) -> str:
    """Return all settings as YAML that `--config` reads."""
    settings = json.loads(json.dumps(asdict(cfg), default=str))
    return yaml.safe_dump(settings, sort_keys=False)
