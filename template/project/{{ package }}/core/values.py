"""Values: of the type that a setting or an argument asks for, or what is allowed in words."""

import collections.abc
import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from .errors import UserError, nearest
from .strict import read

EXACT = ConfigDict(strict=True, arbitrary_types_allowed=True)
WORDS = {
    Any: "any value",
    NoneType: "null",
    Path: "a path",
    bool: "true, false",
    float: "a number",
    int: "a whole number",
    str: "text",
}
SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""characters that no name, path or pattern in a single line has"""


def fit(key: str, value: Any, hint: Any, text: bool = False) -> Any:
    """Return a value as the type of a hint; a text is what YAML says of it, or else itself.

    Raises ValueError that names the key and what is allowed.
    """
    meant, allowed = [value, [value]] if text else [value], describe(hint, value)
    if text:
        with suppress(ValueError):
            meant.insert(0, read(value))
    for each in meant if value != "" else []:
        with suppress(ValueError):  # as JSON, which makes a path of a text, a tuple of a list
            found = TypeAdapter(hint, config=EXACT).validate_json(json.dumps(each))
            if is_sound(each):
                return found.expanduser() if isinstance(found, Path) else found
            allowed = "finite numbers, whole ones below 2^63, and texts of one line"
            break
    near = nearest(str(value), re.split(", | or ", allowed))
    verb = "write" if allowed.startswith("`") else "allowed:"
    raise ValueError(f"{key}: {show(value)}{near}; {verb} {allowed}")


def is_sound(value: Any) -> bool:
    """Return whether all numbers are finite, whole ones of 64 bits, and all texts in one line."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return all(map(is_sound, value))
    if isinstance(value, int | float):
        return abs(value) < (math.inf if isinstance(value, float) else 2**63)  # as nan isn't
    return not UNFIT.search(str(value))


def list_settings(section: type, prefix: str = "") -> dict[str, Any]:
    """Return the types of a dataclass's settings, and of those of the sections in it, by key."""
    found = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        key = f"{prefix}{name}"
        found |= list_settings(hint, f"{key}.") if is_dataclass(hint) else {key: hint}
    return found


def describe(hint: Any, value: Any = None) -> str:
    """Return what a type allows, with the number that was written for one without its unit."""
    origin, (kind, *rules) = get_origin(hint), get_args(hint) or (hint,)
    if origin is Literal:
        return ", ".join(map(str, get_args(hint)))
    if origin is Annotated:
        for words in rules:
            if isinstance(words, str):
                return words.format(value if re.fullmatch("[0-9]+([.][0-9]+)?", str(value)) else 20)
        allowed = [f"{SIGNS[k]}{v}" for rule in rules for k, v in asdict(rule).items()]
        return f"{WORDS[kind]} {' and '.join(allowed)}"
    if origin is dict:
        return "settings as {name: " + describe(rules[0], value) + "}"
    each = [describe(each, value) for each in (kind, *rules)] if origin else []
    if origin in (Union, UnionType):
        return " or ".join(filter(None, each))
    if origin:
        return f"a list as [{', '.join(each)}{'' if origin is tuple else ', ...'}]"
    return WORDS.get(hint, "")  # nothing for what nobody can write here, as a tensor


def show(value: Any) -> str:
    """Return a value as one writes it, in part if it is long."""
    text = json.dumps(value) if isinstance(value, bool | NoneType) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_types(key: str, given: dict[str, Any], function: Callable) -> None:
    """Raise UserError for an argument that is not of the type that `function` says."""
    try:
        hints = get_type_hints(function, localns=vars(collections.abc))  # which some don't import
    except NameError:
        return
    for name, value in given.items():
        try:
            fit(f"{key}: {name}", value, hints.get(name, Any))
        except ValueError as error:
            raise UserError(str(error)) from None
