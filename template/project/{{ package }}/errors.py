"""A mistake the user can mend is one line on stderr and exit code 2, never a traceback."""

import difflib
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any


class UserError(Exception):
    """Something the user can mend; its text says what is wrong and what is allowed."""


class RunError(Exception):
    """Something that went wrong in a run; what it saved before is whole."""


def run_command(command: Callable[[list[str]], int | None]) -> None:
    """Run a command on this process's arguments, and exit with its code or that of an error.

    A UserError is 2, a RunError 1; both are one line, told by the first process.
    """
    try:
        sys.exit(command(sys.argv[1:]))
    except (UserError, RunError) as error:
        # In front of an error from a loader worker stands the worker's traceback.
        line = str(error).strip().splitlines()[-1]
        if os.environ.get("RANK", "0") == "0":
            print("error:", line.removeprefix(f"{__package__}.errors.UserError: "), file=sys.stderr)
        sys.exit(2 if isinstance(error, UserError) else 1)


def check_choice(key: str, value: str, allowed: Iterable[str]) -> None:
    """Raise UserError, with the nearest allowed value as a hint, if `value` is not allowed."""
    allowed = list(allowed)
    if value not in allowed:
        raise UserError(f"{key}: {value!r}{nearest(value, allowed)}; allowed: {', '.join(allowed)}")


def check_arguments(key: str, given: dict[str, Any], function: Callable, fixed: set[str]) -> None:
    """Raise UserError if `function` doesn't take a given argument, or if it is set elsewhere."""
    allowed = [n for n in inspect.signature(function).parameters if n not in fixed | {"self"}]
    for name in given:
        check_choice(key, name, allowed)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` for the most similar of the words, if one is similar."""
    close = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
