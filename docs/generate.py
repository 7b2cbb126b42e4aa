"""Write docs/questions.md from copier.yml: python docs/generate.py [--write]."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "questions.md"

read = runpy.run_path(str(ROOT / "hooks" / "cookiecutter_json.py"))["read"]

HEAD = """# The questions

Written by `python docs/generate.py --write` from `copier.yml`, in the order they are asked. Give an
answer beforehand with `--data`, change one later with `copier update --data`:

    copier copy --data schedule=onecycle --data 'extras=[ema, compile]' gh:OWNER/copier-accelerate .

| Question | What is asked | Answers | Default |
|---|---|---|---|
"""


def labels(question):
    """Give a question's labels by answer, from any of Copier's ways to write choices."""
    listed = question.get("choices", [])
    pairs = listed.items() if isinstance(listed, dict) else ((each, each) for each in listed)
    return {
        value["value"] if isinstance(value, dict) else value: str(label) for label, value in pairs
    }


def answers(question):
    """Say what may be answered."""
    if question["type"] == "bool":
        return "yes or no"
    lines = [f"`{answer}`: {label}" for answer, label in labels(question).items()]
    several = ["any of"] if question.get("multiselect") else []
    return "<br>".join(several + lines) or "a text"


def default(question):
    """Say what is answered if nobody answers."""
    value = question["default"]
    if isinstance(value, list):
        return ", ".join(f"`{each}`" for each in value) or "none of them"
    return ("yes" if value else "no") if isinstance(value, bool) else f"`{value}`"


def table(copier):
    """Give a row per question of a copier.yml."""
    rows = [
        (f"`{name}`", question["help"], answers(question), default(question))
        for name, question in copier.items()
        if not name.startswith("_") and question.get("when", True) is not False
    ]
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def generate():
    """Give the whole text of docs/questions.md."""
    return HEAD + table(read(ROOT / "copier.yml"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        TARGET.write_text(generate(), encoding="utf-8", newline="\n")
    elif sys.argv[1:]:
        raise SystemExit(__doc__)
    else:
        sys.stdout.write(generate())
