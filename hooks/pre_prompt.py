"""Ready Cookiecutter's copy of this repository, before the first question."""

import importlib.metadata
import shutil
import sys
from pathlib import Path

COPIER = "copier>=9.15,<10"

# Cookiecutter wants a folder of this name. Made here, in its throw-away copy, so that the
# repository needs none; what belongs in it is written by post_gen_project.py.
FOLDER = "{{cookiecutter.__folder}}"


def find_copier():
    """Give the command that runs Copier: beside us, on the PATH, or fetched for this once."""
    try:
        importlib.metadata.version("copier")
        return [sys.executable, "-m", "copier"]
    except importlib.metadata.PackageNotFoundError:
        pass
    for command in (
        ["copier"],
        ["uvx", "--from", COPIER, "copier"],
        ["pipx", "run", "--spec", COPIER, "copier"],
    ):
        if shutil.which(command[0]):
            return command
    return None


def main():
    """Refuse before asking when nothing could write the project, else make the folder."""
    if not shutil.which("git"):
        sys.exit("copier-accelerate needs git: install it and try again")
    if not find_copier():
        sys.exit(f"copier-accelerate needs Copier: pip install '{COPIER}' (or uv) and try again")
    Path(FOLDER).mkdir(exist_ok=True)


if __name__ == "__main__":
    main()
