"""Files of text as they lie about: which of them count, and how their bytes are read."""

from collections.abc import Iterable
from pathlib import Path

from ..core.errors import UserError
from .encodings import BOMS


def list_files(path: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return a file, or the sorted ones of these suffixes, in any case, in a folder and below.

    Hidden ones are passed over, and what macOS packs beside them. Raises UserError for none.
    """
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    found = [p for p in found if not any(map(is_hidden, p.relative_to(path).parts))]
    if not found:
        allowed = f"a file, or a folder with files of {', '.join(suffixes)}"
        raise UserError(f"no text in {path}; allowed: {allowed}")
    return found


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is one of the system's, by its name."""
    return name.startswith(".") or name == "__MACOSX"


def read_text(path: Path, encoding: str | None) -> str:
    """Return the text of a file; without `encoding`, by the mark it begins with, or as UTF-8.

    Raises UserError with its name, and the line, if it can't be read so.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from None
    marked = next((name for mark, name in BOMS.items() if data.startswith(mark)), None)
    encoding = marked or encoding or "utf-8"
    try:
        return data.decode(encoding)
    except LookupError:
        raise UserError(f"data.encoding: there is no {encoding}; it may be latin-1") from None
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise UserError(
            f"{path} can't be read: line {line} is not {encoding.upper()}; set data.encoding, for "
            "instance to latin-1 or cp1252"
        ) from None
