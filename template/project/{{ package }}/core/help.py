"""What --help prints, and a shell completes, of all arguments and settings."""

import argparse
import ast
import inspect
import os
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .errors import PACKAGE
from .values import describe

HELP = {"-h", "--help"}


def make_parser(command: type, section: type, given: dict[str, Any]) -> argparse.ArgumentParser:
    """Return a parser that knows every argument, with its type, its default and its meaning."""
    name = getattr(sys.modules["__main__"].__spec__, "name", PACKAGE)
    usage = f"python -m {name} [--KEY VALUE ...]"
    parser = argparse.ArgumentParser(usage=usage, description=inspect.getdoc(command))
    own = {field.name for field in fields(command)}
    for kind in (command, section):
        group = parser.add_argument_group("arguments" if kind is command else "settings")
        for key, hint, default, meaning in explain(kind):
            if kind is section and key in own:  # as the seed of a command's own draws
                continue
            value = given.get(key, default)
            shown = "needed" if value is MISSING else "null" if value is None else value
            words = f"{meaning} ({describe(hint)}; {shown})".replace("%", "%%")
            choices = get_args(hint) if get_origin(hint) is Literal else None
            group.add_argument(f"--{key}", metavar="", choices=choices, help=words)
    return parser


def complete(command: type, section: type) -> None:
    """Answer a shell that asks what an argument may go on with, and exit."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # which a shell that asks has

        argcomplete.autocomplete(make_parser(command, section, {}))


def explain(section: type, prefix: str = "") -> Iterator[tuple[str, Any, Any, str]]:
    """Yield the key, type, default and meaning of each setting of a dataclass, and of its sections.

    The meaning is the text below the setting, which only the source has.
    """
    meanings = {}
    for kind in reversed(section.__mro__[:-1]):
        for each, text in pairwise(ast.parse(inspect.getsource(kind)).body[0].body):
            if isinstance(each, ast.AnnAssign) and isinstance(text, ast.Expr):
                meanings[each.target.id] = " ".join(text.value.value.split())
    hints = get_type_hints(section, include_extras=True)
    for field in fields(section):
        key, hint = f"{prefix}{field.name}", hints[field.name]
        if is_dataclass(hint):
            yield from explain(hint, f"{key}.")
        else:
            default = field.default if field.default_factory is MISSING else field.default_factory()
            yield key, hint, default, meanings.get(field.name, "")
