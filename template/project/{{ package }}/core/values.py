"""Values: of the type that a setting or an argument asks for, or what is allowed in words."""

import collections.abc
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from jsonargparse import ArgumentError, ArgumentParser, set_loader

from .errors import UserError, nearest
from .strict import read

WORDS = {
    Any: "any value",
    NoneType: "null",
    Path: "a path",
    bool: "true, false",
    float: "a number",
    int: "a whole number",
    str: "text",
}
UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""characters that no name, path or pattern in a single line has"""
NUMBER = r"[0-9]+(\.[0-9]+)?"

set_loader("strict", read, exceptions=(ValueError,))


def fit(key: str, value: Any, hint: Any, text: bool = False) -> Any:
    """Return a value, or what a text of the command line stands for, as the type of a hint.

    Raises ValueError that names the key and what is allowed.
    """
    parser = ArgumentParser(exit_on_error=False, parser_mode="strict")
    parser.add_argument("--value", type=hint)
    try:
        if text:
            found = parser.parse_args([f"--value={value}"]).value
        else:
            found = parser.parse_object({"value": value}).value
    except (ArgumentError, OverflowError, RecursionError, TypeError, ValueError):
        pass
    else:
        nothing = found is None and hint is not Any and NoneType not in get_args(hint)
        if not is_sound(found):
            limits = "finite numbers, whole ones below 2^63, and texts of one line"
            raise ValueError(f"{key}: {show(value)}; allowed: {limits}")
        if value != "" and not nothing:
            return Path(os.path.expanduser(found)) if isinstance(found, Path) else found
    allowed = describe(hint, value)
    near = nearest(str(value), re.split(", | or ", allowed))
    verb = "write" if allowed.startswith("`") else "allowed:"
    raise ValueError(f"{key}: {show(value)}{near}; {verb} {allowed}")


def is_sound(value: Any) -> bool:
    """Return whether all numbers are finite, whole ones of 64 bits, and all texts in one line."""
    if isinstance(value, dict):
        return is_sound([*value, *value.values()])
    if isinstance(value, list | tuple):
        return all(map(is_sound, value))
    if isinstance(value, int | float):
        return abs(value) < (math.inf if isinstance(value, float) else 2**63)  # as nan isn't
    return not UNFIT.search(str(value))


def describe(hint: Any, value: Any) -> str:
    """Return what a type allows, with the number that was written for one without its unit."""
    kinds = get_args(hint)
    if get_origin(hint) is Literal:
        return ", ".join(map(str, kinds))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(filter(None, (describe(kind, value) for kind in kinds)))
    if get_origin(hint) is dict:
        return "settings as {name: " + describe(kinds[1], value) + "}"
    if kinds:
        each = ", ".join(describe(kind, value) for kind in kinds)
        return f"a list as [{each}]" if get_origin(hint) is tuple else f"a list as [{each}, ...]"
    if hint in WORDS:
        return WORDS[hint]
    if not issubclass(hint, int | float | str):
        return ""  # as a tensor, which nobody can write here
    number = value if re.fullmatch(NUMBER, str(value)) else 20
    said = (hint.__doc__ or hint.__name__).replace("int restricted to be", WORDS[int])
    return said.replace("float restricted to be", WORDS[float]).format(number)


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
