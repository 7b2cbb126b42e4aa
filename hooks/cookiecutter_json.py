"""Write cookiecutter.json from copier.yml: python hooks/cookiecutter_json.py [--write]."""

import json
import re
import sys
from pathlib import Path

import jinja2
import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "cookiecutter.json"

# The folder Cookiecutter makes: as the project's name, in small letters, words joined by -.
FOLDER = "{{ cookiecutter.project_name | slugify or 'project' }}"


def literal(value):
    """Render a default that stands on its own, such as the fallback of a renamed question."""
    if not isinstance(value, str):
        return value
    environment = jinja2.Environment(
        block_start_string="#%", block_end_string="%#", undefined=jinja2.StrictUndefined
    )
    return environment.from_string(value).render()


def plain(text):
    """Keep Rich, which prints Cookiecutter's prompts, from reading [words] as its markup."""
    return re.sub(r"\[(?=[a-z#/@])", r"\\[", text)


def choices(question):
    """Give a question's labels by answer, from any of Copier's ways to write choices."""
    listed = question["choices"]
    pairs = listed.items() if isinstance(listed, dict) else ((each, each) for each in listed)
    return {
        value["value"] if isinstance(value, dict) else value: plain(str(label))
        for label, value in pairs
    }


def several(name, question):
    """Turn a multi-select into a text question, for Cookiecutter has none."""
    allowed = choices(question)
    bad = [answer for answer in allowed if answer == "none" or re.search(r"[\s,]", answer)]
    if bad:
        raise SystemExit(f"{name}: the answer {bad[0]!r} can't stand in a comma-separated list")
    help = f"{plain(question['help'])}; comma-separated, any of {', '.join(allowed)}, or none"
    return ", ".join(question["default"]) or "none", help


def single(question):
    """Turn a choice into Cookiecutter's: the default first, a label for each answer."""
    labels, default = choices(question), literal(question["default"])
    answers = [default, *(answer for answer in labels if answer != default)]
    return answers, {"__prompt__": plain(question["help"]), **labels}


def read(path, text=None):
    """Give all that a copier.yml says, with the files that it includes, as Copier reads it.

    `text` is what stood there at another time.
    """

    class Loader(yaml.SafeLoader):
        """YAML with Copier's own tag."""

    def include(loader, node):
        return documents((path.parent / loader.construct_scalar(node)).read_text(encoding="utf-8"))

    def documents(text):
        found = {}
        for document in yaml.load_all(text, Loader):
            found |= document
        return found

    Loader.add_constructor("!include", include)
    return documents(text or path.read_text(encoding="utf-8"))


def convert(copier):
    """Give what cookiecutter.json says for the questions of a copier.yml."""
    asked, prompts, lists = {}, {}, []
    for name, question in copier.items():
        if name.startswith("_") or question.get("when", True) is False:
            continue
        if "when" in question:
            raise SystemExit(f"{name}: Cookiecutter asks every question, so none may have a when")
        if question.get("multiselect"):
            lists.append(name)
            asked[name], prompts[name] = several(name, question)
        elif "choices" in question:
            asked[name], prompts[name] = single(question)
        else:
            asked[name], prompts[name] = literal(question["default"]), plain(question["help"])
    return {**asked, "__folder": FOLDER, "_lists": lists, "__prompts__": prompts}


def generate():
    """Give the whole text of cookiecutter.json."""
    return json.dumps(convert(read(ROOT / "copier.yml")), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        TARGET.write_text(generate(), encoding="utf-8", newline="\n")
    elif sys.argv[1:]:
        raise SystemExit(__doc__)
    else:
        sys.stdout.write(generate())
