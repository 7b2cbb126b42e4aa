"""Settings by dotted key, `optim.lr`, as files and arguments give them and sections hold them."""

import json
from collections.abc import Collection
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import yaml

from ..settings.command import DEFAULTS
from .errors import UserError, nearest, one_line
from .help import HELP, make_parser
from .strict import read
from .values import fit, list_settings, show


def parse(command: type, section: type, argv: list[str]) -> tuple[Any, Any]:
    """Return what a command is asked for, and the settings of its file changed by the others.

    Raises UserError, naming the key and where it stands, for a key or value that is not allowed.
    """
    own, hints = list_settings(command), list_settings(section)
    asked, given = {}, {}
    where, told, helps = "argument", None, HELP & {*argv}
    try:
        arguments = pair(argv, {key for key in own if own[key] is bool})
        for key in own.keys() & arguments:
            settle(asked, own, key, arguments.pop(key), text=True)
        missing = [key for key in own if key not in asked and not hasattr(command, key)]
        if missing and not helps:
            raise ValueError(f"--{missing[0]} is needed; write --{missing[0]} VALUE")
        try:
            told = command(**dict.fromkeys(missing, Path()), **asked)  # which knows its run's file
        except (TypeError, ValueError):
            if not helps:  # which is given of the defaults where there is no run yet
                raise
        where = file = told.config if told else asked.get("config") or DEFAULTS
        for key, value in read_file(file).items():
            settle(given, hints, key, value)
        where = "argument"
        for key, texts in arguments.items():
            settle(given, hints | own, key, texts, text=True)
        where = f"{file} with the arguments"
        cfg = build(section, given)
    except ValueError as error:
        raise UserError(f"{where}: {one_line(error)}") from None
    if helps:
        make_parser(command, asked, cfg).parse_args(["--help"])
    return told, cfg


def read_file(file: Path) -> dict[str, Any]:
    """Return what stands in a YAML file of settings; raise ValueError if it can't be read."""
    try:
        settings = read(file.read_bytes())
    except OSError as error:
        raise ValueError(f"{error.strerror}; --config FILE names a file of settings") from None
    if not isinstance(settings, dict | None):
        raise ValueError("holds no settings, which are lines of the form `key: value`")
    return settings or {}


def pair(argv: list[str], flags: Collection[str] = ()) -> dict[str, list[str]]:
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
        if not given:
            value = "true" if key in flags else next(words, "--")
            if value.startswith("--"):
                raise ValueError(f"{key}: has no value; write --{key} VALUE")
        found.setdefault(key, []).append(value)
    return found


def settle(given: dict, hints: dict[str, Any], key: str, value: Any, text: bool = False) -> None:
    """Put into `given` a setting, one of a setting's own arguments, or all of a section.

    As text, it is all that stands for the key: the last one, or each one of a list. Raises
    ValueError for a key or value that is not allowed. A section with nothing is no change.
    """
    inside = [name for name in hints if name.startswith(f"{key}.")]
    above = [n for n in hints if key.startswith(f"{n}.") and get_origin(hints[n]) is dict]
    if not (key in hints or inside or above):
        raise ValueError(f"no setting {show(key)[1:-1]}{nearest(key, hints)}; --help lists all")
    if text and get_origin(hints.get(key)) is list and len(value) > 1:
        text = False
    elif text:
        value = value[-1] if key in hints else fit(key, value[-1], Any, text)
    if key in hints:
        given[key] = fit(key, value, hints[key], text)
    elif above:
        argument = {key.removeprefix(f"{above[0]}."): value}
        given[above[0]] = fit(above[0], given.get(above[0], {}) | argument, hints[above[0]])
    elif isinstance(value, dict | None):
        for name, each in (value or {}).items():
            settle(given, hints, f"{key}.{name}", each)
    else:
        raise ValueError(f"{key}: {show(value)}; it is a section, write a setting as {inside[0]}")


def build(section: type, given: dict[str, Any], prefix: str = "") -> Any:
    """Return a dataclass, and the sections in it, of what is given by key."""
    values = {}
    for name, hint in get_type_hints(section).items():
        key = f"{prefix}{name}"
        if is_dataclass(hint):
            values[name] = build(hint, given, f"{key}.")
        elif key in given:
            values[name] = given[key]
    return section(**values)


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted keys."""
    flat = {}
    for key, value in settings.items():
        nested = value and isinstance(value, dict)
        flat |= flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def to_yaml(cfg: Any) -> str:
    """Return all settings as YAML that `--config` reads."""
    settings = json.loads(json.dumps(asdict(cfg), default=str))
    return yaml.safe_dump(settings, sort_keys=False)
