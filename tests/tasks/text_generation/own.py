"""Data of one's own for this task, as the commands of a project's README name it."""

from pathlib import Path


def write(folder: Path) -> dict[str, Path]:
    """Write a text, and give what each word of the README stands for."""
    text = folder / "text.txt"
    lines = (f"{number} and {number + 1} are {2 * number + 1}.\n" for number in range(500))
    text.write_text("".join(lines))
    return {"FILE_OR_FOLDER": text, "NAME_OR_FILE": text, "FILE": text}
