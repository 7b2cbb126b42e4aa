"""What --help prints, and a shell completes, of all arguments and settings."""

import argparse
import ast
import inspect
import os
import sys
from dataclasses import is_dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .errors import PACKAGE
from .values import describe, list_settings

HELP = {"-h", "--help"}


def make_parser(command: type, asked: dict[str, Any], cfg: Any) -> argparse.ArgumentParser:
    """Return a parser that knows every argument, with its type, its value now and its meaning."""
    name = getattr(sys.modules["__main__"].__spec__, "name", PACKAGE)
    usage = f"python -m {name} [--KEY VALUE ...]"
    parser = argparse.ArgumentParser(usage=usage, description=inspect.getdoc(command))
    own = {key: getattr(command, key, "needed") for key in list_settings(command)} | asked
    for title, kind in ("arguments", command), ("settings", type(cfg)):
        group, meanings = parser.add_argument_group(title), read_meanings(kind)
        for key, hint in list_settings(kind).items():
            if kind is not command and key in own:  # as the seed of a command's own draws
                continue
            value = own[key] if kind is command else attrgetter(key)(cfg)
            shown = "null" if value is None else value
            words = f"{meanings.get(key, '')} ({describe(hint)}; {shown})".replace("%", "%%")
            choices = get_args(hint) if get_origin(hint) is Literal else None
            group.add_argument(f"--{key}", metavar="", choices=choices, help=words)
    return parser


def complete(command: type, section: type) -> None:
    """Answer a shell that asks what an argument may go on with, and exit."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # which a shell that asks has

        argcomplete.autocomplete(make_parser(command, {}, section()))


def read_meanings(section: type, prefix: str = "") -> dict[str, str]:
    """Return the text below each setting, which only the source has, by the setting's key."""
    found = {}
    for kind in reversed(section.__mro__[:-1]):
        for each, text in pairwise(ast.parse(inspect.getsource(kind)).body[0].body):
            if isinstance(each, ast.AnnAssign) and isinstance(text, ast.Expr):
                found[f"{prefix}{each.target.id}"] = " ".join(text.value.value.split())
    for name, hint in get_type_hints(section).items():
        found |= read_meanings(hint, f"{prefix}{name}.") if is_dataclass(hint) else {}
    return found
