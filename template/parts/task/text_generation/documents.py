"""Documents of text: Python's own reference, and files."""

from pathlib import Path

from .errors import UserError
from .parts import find_splits


def read_topics() -> list[str]:
    """Return the topics of Python's reference, as `help()` shows them, each paragraph once.

    Topics repeat one another's paragraphs; held-out text would be known from training otherwise.
    """
    from pydoc_data.topics import topics  # here, because it is a file of half a megabyte

    owners: dict[str, str] = {}
    for name, text in topics.items():
        for paragraph in text.split("\n\n"):
            owners.setdefault(paragraph, name)
    documents: dict[str, list[str]] = {name: [] for name in topics}
    for paragraph, name in owners.items():
        documents[name].append(paragraph)
    return ["\n\n".join(paragraphs) for paragraphs in documents.values() if paragraphs]


def read_root(root: Path, lines: bool) -> dict[str, list[str]]:
    """Return the documents of each part that has a folder in `root`, or else all to train on.

    Each file is a document; with `lines`, a `root` that is a file has one in each of its lines.
    Raises UserError for what list_texts and read_text refuse.
    """
    if lines and root.is_file():
        return {"train": read_text(root).splitlines()}
    splits = find_splits(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else {}
    if "evaluation" in splits:
        return {part: read_folder(root / name) for part, name in splits.items()}
    return {"train": read_folder(root)}


def read_folder(path: Path) -> list[str]:
    """Return the text of each file of a folder, or of the one file."""
    return [read_text(file) for file in list_texts(path)]


def list_texts(path: Path) -> list[Path]:
    """Return a file, or the sorted *.txt of a folder; raise UserError if there is none."""
    if path.is_file():
        return [path]
    found = sorted(path.rglob("*.txt"))
    if not found:
        raise UserError(f"no text in {path}; allowed: a file, or a folder with *.txt files")
    return found


def read_text(path: Path) -> str:
    """Return the text of a file; raise UserError with its name if it isn't UTF-8."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"unreadable text {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"unreadable text {path}: line {line} is not UTF-8") from None
