"""A mistake the user can mend is one line on stderr and exit code 2, never a traceback."""

import difflib
import errno
import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

PACKAGE = __package__.split(".")[0]  # the name of the project's commands and log


class UserError(Exception):
    """Something the user can mend; its text says what is wrong and what is allowed."""


class SampleError(UserError):
    """A sample that can't be read, which only the process that met it knows of."""


class RunError(Exception):
    """Something that went wrong in a run; what it saved before is whole."""


class Fault(RunError):
    """Something that went wrong in one process, while the others may not know of it."""


def attempt(function: Callable, *arguments: Any) -> Any:
    """Return what a function gives, or the UserError that it raises, to go on after it."""
    try:
        return function(*arguments)
    except UserError as error:
        return error


def run_command(command: Callable[[list[str]], Any], exits: bool = True) -> None:
    """Run a command on this process's arguments; then, or only after an error, exit with its code.

    A UserError is 2, a RunError 1; each is one line, told by the first process if all know of it.
    """
    rank = os.environ.get("RANK", "0")
    try:
        code = command(sys.argv[1:])
    except Exception as caught:
        error = find_fault(caught)
        if not isinstance(error, UserError | RunError):
            raise
        if rank == "0" or isinstance(error, SampleError | Fault):
            process = f"process {rank}: " if rank != "0" else ""
            print(f"error: {process}{last_line(error)}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UserError) else 1)
    if exits:
        sys.exit(code)


def warn(line: str) -> None:
    """Tell the user, once for all processes, what a command does that may not be what was meant."""
    if os.environ.get("RANK", "0") == "0":
        logging.getLogger(PACKAGE).warning(line)


def find_fault(error: Exception) -> Exception:
    """Return a Fault for an error of the machine, and any other error as it is."""
    kind, text = type(error).__name__, one_line(error)
    if kind in ("OutOfMemoryError", "MemoryError") or "can't allocate memory" in text:
        return Fault(
            "out of memory; lower data.batch_size and raise optim.accumulate by the same factor, "
            "which keeps a run's curve; in any command, set precision to bf16, or take a smaller "
            "model"
        )
    if "more than 1 value per channel" in text:  # as torch's normalisations put it
        return UserError("batch normalisation needs several values per channel; raise batch_size")
    if kind == "DistBackendError" or "gloo/transport" in text:
        return Fault(f"another process of the run is gone ({text[:120]})")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Fault(f"{error.filename or 'a file'} can't be written: {error.strerror}")
    return error


def one_line(error: Exception) -> str:
    """Return an error's text as one line."""
    return " ".join(str(error).split())


def last_line(error: Exception) -> str:
    """Return an error's text; in front of one from a loader worker stands its traceback."""
    return str(error).strip().splitlines()[-1].removeprefix(f"{__package__}.errors.UserError: ")


def check_choice(key: str, value: str, allowed: Iterable[str]) -> None:
    """Raise UserError, with the nearest allowed value as a hint, if `value` is not allowed."""
    if value not in (allowed := list(allowed)):
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
