"""Write the project: Cookiecutter asked the questions, Copier renders the answers.

Both front doors so give the same bytes, and `copier update` works whichever was taken.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml  # a dependency of Cookiecutter

# Cookiecutter renders this file. tojson escapes quotes, so no answer can end the string.
CONTEXT = json.loads(r"""{{ cookiecutter | tojson }}""")
COPY = Path(CONTEXT["_repo_dir"])  # Cookiecutter's own throw-away copy of the template
PLAINLY_GIT = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/")

sys.path.insert(0, str(COPY / "hooks"))
from pre_prompt import FOLDER, find_copier  # noqa: E402


def git(folder, *arguments):
    """Give what git prints in a folder, or None where it fails."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def commit(folder):
    """Give the commit of a repository's top folder, or None anywhere else."""
    inside = git(folder, "rev-parse", "--show-prefix")
    return git(folder, "rev-parse", "HEAD") if inside == "" else None


def locate():
    """Give the folder to render from, and the source a later `copier update` is to ask."""
    template = CONTEXT["_template"]
    # A path was relative to where the user stood, which Cookiecutter has left by now. The
    # commit tells whether we found the same repository again.
    for start in filter(None, (os.environ.get("PWD"), CONTEXT["_output_dir"])):
        folder = (Path(start) / Path(template).expanduser()).resolve()
        if (folder / "copier.yml").is_file() and commit(folder) == commit(COPY):
            return folder, str(folder)
    if commit(COPY) is None:  # an archive, which has no releases to update to
        return COPY, template
    known = re.match(r"gh:|gl:|\w+@|[\w+]+://", template)
    source = template if known else git(COPY, "remote", "get-url", "origin") or template
    # Copier takes other addresses for git's only when told so by their end or beginning.
    clear = source.startswith(PLAINLY_GIT) or source.endswith(".git")
    return COPY, source if clear or "://" not in source else f"git+{source}"


def answers():
    """Give the answers in Copier's types: a list where Cookiecutter could only ask for text."""
    given = {name: value for name, value in CONTEXT.items() if not name.startswith("_")}
    for name in CONTEXT["_lists"]:
        words = [word.strip() for word in given[name].split(",")]
        given[name] = [word for word in words if word not in ("", "none")]
    return given


def run_copier(folder, data):
    """Render into the folder we stand in, and give Copier's exit code and words."""
    revision = commit(folder)
    # The commit and not HEAD: for that, Copier would commit the copy's changes first.
    at = ["--vcs-ref", revision] if revision else []
    with tempfile.TemporaryDirectory() as beside:
        file = Path(beside, "answers.yml")
        # YAML's own writer, for it also escapes what YAML's reader refuses in plain JSON.
        file.write_text(yaml.safe_dump(data), encoding="ascii")
        command = [*find_copier(), "copy", "--defaults", "--data-file", str(file), *at]
        done = subprocess.run(
            [*command, str(folder), os.getcwd()],
            env={**os.environ, "PYTHONUTF8": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)


def refuse(said):
    """Leave with the reason in one line, and with nothing behind."""
    reason = re.split(r"^[\w.]*(?:Error|Exception): ", said, flags=re.M)
    # Without a traceback the last line says it.
    line = reason[-1] if reason[1:] else (said.strip().splitlines() or ["Copier failed"])[-1]
    if (COPY / FOLDER).is_dir():  # made by pre_prompt.py, so this is the throw-away copy
        shutil.rmtree(COPY.parent, ignore_errors=True)
    # Apart from the lines in which Cookiecutter tells that a hook failed.
    sys.exit("\n" + " ".join(line.split()) + "\n")


def remember(source):
    """Note the template's lasting address: Copier only saw Cookiecutter's copy of it."""
    file = Path(".copier-answers.yml")
    line = yaml.safe_dump({"_src_path": source}, width=float("inf"), allow_unicode=True)
    text = file.read_bytes().decode()
    # A long value goes on, indented, on the next lines.
    text = re.sub(r"^_src_path:.*\n(?: .*\n)*", lambda _: line, text, flags=re.M)
    file.write_bytes(text.encode())


def message(said):
    """Give what the template tells the user, which follows the list of written files."""
    return re.split(r"^(?: {4}create| identical)  .*\n", said, flags=re.M)[-1].strip("\n")


def main():
    """Render, or say in one line why not."""
    Path(__file__).unlink(missing_ok=True)  # Cookiecutter forgets its rendering of this hook
    if any(path.name != ".git" for path in Path.cwd().iterdir()):
        refuse(f"{Path.cwd()} is not empty: run `copier update` in it, or remove it first")
    folder, source = locate()
    code, said = run_copier(folder, answers())
    if code != 0:
        refuse(said)
    remember(source)
    print(f"\n{message(said)}\n", file=sys.stderr)


if __name__ == "__main__":
    main()
