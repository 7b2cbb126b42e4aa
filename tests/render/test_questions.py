"""The questions: complete, in step with the parts and with cookiecutter.json, and strict."""

import itertools
import json
import keyword
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
import rows
import yaml
from conftest import ROOT, copy, recorded

TEMPLATE = ROOT / "template"
PARTS = TEMPLATE / "parts"
SKIPPED = {"__pycache__", ".DS_Store", ".ruff_cache", ".pytest_cache"}

# Text a person may type or paste, and which name it would break.
BAD_NAMES = [
    "",
    " ",
    "class",
    "Import",
    "torch",
    "json",
    "site-packages/x",
    "../up",
    "/etc/passwd",
    "..",
    ".hidden",
    "a/b",
    "a\\b",
    "C:name",
    "ends-",
    "ends ",
    " begins",
    "1st",
    "_private",
    "-rf",
    "two\nlines",
    "naïve",
    "数字",
    "{{ package }}",
    "#% if x %#",
    "it's",
    'say "x"',
    "a;b",
    "$(id)",
    "a" * 61,
    "tests",
    "Test",
    "con figs\0",
    "con",
    "License",
    "data",
    "filelock",
    "scikit-learn",
]
BAD = [
    *(("project_name", text) for text in BAD_NAMES),
    ("description", "two\nlines"),
    ("description", "a bell\a"),
    ("description", "right to left \u202e"),
    ("description", "x" * 201),
    ("description", ""),
    ("description", "ends "),
    ("author", ""),
    ("author", "  "),
    ("author", " begins"),
    ("author", "tab\there"),
    ("author", "x" * 101),
    ("infra", "docker"),
]


def sources() -> list[Path]:
    """Give the files of the template."""
    found = (path for path in TEMPLATE.rglob("*") if path.is_file())
    return sorted(path for path in found if not SKIPPED & set(path.parts))


def test_every_question_has_help_and_a_default():
    for name, question in rows.questions().items():
        assert question.get("help", "").strip(), f"{name} has no help"
        assert "default" in question, f"{name} has no default: --defaults would fail"
        assert question.get("type") in ("str", "bool"), f"{name}: say its type"


def test_defaults_are_answers():
    for name, question in rows.questions().items():
        if rows.choices(question):
            default = question["default"]
            given = set(default if question.get("multiselect") else [default])
            assert given <= set(rows.choices(question)), f"{name}: {default} is no choice"


def test_words_serve_as_file_names_and_test_ids():
    for name, question in rows.questions().items():
        for word in (name, *rows.choices(question)):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", word), f"{name}: {word!r}"


@pytest.mark.parametrize("folder", sorted(path.name for path in PARTS.iterdir() if path.is_dir()))
def test_parts_are_the_answers(folder):
    assert folder in rows.questions(), f"template/parts/{folder} belongs to no question"
    entries = [path.name for path in (PARTS / folder).iterdir() if path.name not in SKIPPED]
    # Of the techniques, some have settings, and those a folder of their own.
    entries = [entry for entry in entries if not entry.startswith(("test_", "settings"))]
    # Not every answer has dependencies of its own.
    parts = {entry.partition(".")[0] for entry in entries if not entry.endswith(".deps")}
    answers = set(rows.choices(rows.questions()[folder])) - {"none"}
    if folder == "task":  # what several share lies in folders named by a word of their names
        answers |= {word for answer in answers for word in answer.split("_")} & parts
    assert {entry.partition(".")[0] for entry in entries} <= answers
    assert not parts or parts == answers


def test_cookiecutter_json_is_generated():
    generated = runpy.run_path(str(ROOT / "hooks" / "cookiecutter_json.py"))["generate"]()
    written = (ROOT / "cookiecutter.json").read_text(encoding="utf-8")
    assert written == generated, "run: python hooks/cookiecutter_json.py --write"


def test_cookiecutter_asks_every_question_once():
    written = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = {name: value for name, value in written.items() if not name.startswith("_")}
    assert list(asked) == list(rows.questions())
    assert asked.keys() == written["__prompts__"].keys()
    for name, value in asked.items():
        if isinstance(value, list):
            assert value[0] == rows.questions()[name]["default"]
            assert set(value) == set(rows.choices(rows.questions()[name]))


def test_cookiecutter_json_takes_all_that_copier_can_say():
    convert = runpy.run_path(str(ROOT / "hooks" / "cookiecutter_json.py"))["convert"]
    choices = {"A [red]": "a", "B [0]": {"value": "b", "validator": "{{ '' }}"}}
    said = {
        "_setting": 1,
        "computed": {"type": "str", "when": False, "default": "{{ x }}"},
        "one": {"help": "One [x]", "default": "b", "choices": choices},
        "some": {"help": "Some", "default": ["a"], "multiselect": True, "choices": ["a", "b"]},
        "renamed": {"help": "New", "default": "{{ former | default('old') }}"},
        "yes": {"help": "Yes?", "default": True},
    }
    assert convert(said) == {
        "one": ["b", "a"],
        "some": "a",
        "renamed": "old",
        "yes": True,
        "__folder": "{{ cookiecutter.project_name | slugify or 'project' }}",
        "_lists": ["some"],
        "__prompts__": {
            "one": {"__prompt__": "One \\[x]", "a": "A \\[red]", "b": "B [0]"},
            "some": "Some; comma-separated, any of a, b, or none",
            "renamed": "New",
            "yes": "Yes?",
        },
    }


def test_questions_md_is_generated():
    generated = runpy.run_path(str(ROOT / "docs" / "generate.py"))["generate"]()
    written = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    assert written == generated, "run: python docs/generate.py --write"


def test_questions_md_takes_all_that_copier_can_say():
    table = runpy.run_path(str(ROOT / "docs" / "generate.py"))["table"]
    choices = {"A|B": "a", "C": {"value": "c", "validator": "{{ '' }}"}}
    said = {
        "_setting": 1,
        "computed": {"type": "str", "when": False, "default": "{{ x }}"},
        "name": {"type": "str", "help": "Name", "default": "x"},
        "one": {"type": "str", "help": "One", "default": "a", "choices": choices},
        "some": {"type": "str", "help": "S", "default": [], "multiselect": True, "choices": ["d"]},
        "yes": {"type": "bool", "help": "Yes?", "default": True},
    }
    assert table(said).splitlines() == [
        "| `name` | Name | a text | `x` |",
        "| `one` | One | `a`: A\\|B<br>`c`: C | `a` |",
        "| `some` | S | any of<br>`d`: d | none of them |",
        "| `yes` | Yes? | yes or no | yes |",
    ]


def test_nothing_needs_trust():
    assert not {"_tasks", "_migrations", "_jinja_extensions"} & rows.settings().keys()


def test_no_question_is_hidden_from_one_door():
    for name, question in rows.questions().items():
        assert "when" not in question, f"{name}: Cookiecutter can't ask conditionally"


def test_file_names_are_valid_on_every_system():
    for path in TEMPLATE.rglob("*"):
        bad = set(path.name) & set('"<>|:?*\\')
        assert not bad, f"{path.relative_to(ROOT)} holds {bad}"


def test_sources_end_with_a_newline_and_hold_no_carriage_return():
    for path in sources():
        text = path.read_bytes()
        assert b"\r" not in text, path
        assert not text or text.endswith(b"\n"), f"{path}: no newline at the end"


def reserved() -> set[str]:
    """Give the names that a package must not take."""
    return set(rows.settings()["reserved"]["default"].strip("[] \n").replace(",", " ").split())


def unreserved(names: Iterable[str]) -> set[str]:
    """Give those of some modules' names that a package could take."""
    return {name for name in names if re.fullmatch("[a-z](_?[a-z0-9])*", name)} - reserved()


def test_reserved_names_hold_what_python_has():
    """Each Python adds some: CI's newest version tells what to add."""
    assert unreserved((*sys.stdlib_module_names, *keyword.kwlist)) == set()


def declared(project: Path) -> list[str]:
    """Give the lines of a project's dependencies, optional ones too."""
    said = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = (line for lines in said["optional-dependencies"].values() for line in lines)
    return [line for line in (*said["dependencies"], *optional) if said["name"] not in line]


def distribution(requirement: str) -> str:
    """Give the distribution that a requirement names, written one way."""
    return re.sub("[-_.]+", "_", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_reserved_names_hold_the_dependencies(render):
    """A package named as one would hide it, or ask for itself."""
    names = {distribution(line) for line in declared(render(**rows.answers(rows.FULL)))}
    found = metadata.packages_distributions()
    modules = {module for module, by in found.items() if names & set(map(distribution, by))}
    assert unreserved(names | modules) == set()


RECORDER = """
import atexit, sys

class Recorder:
    def find_spec(self, name, path=None, target=None):
        if path is None:
            asked.add(name)

asked = set()
sys.meta_path.insert(0, Recorder())
atexit.register(lambda: open({!r}, "a").write("\\n".join([*asked, ""])))
"""


@pytest.mark.deep
def test_reserved_names_hold_what_the_libraries_ask_for(render, tmp_path):
    """Whether it is there or not: libraries look for others, and would find the package."""
    note = tmp_path / "note"
    (tmp_path / "sitecustomize.py").write_text(RECORDER.format(str(note)))
    trackers = {"trackers/wandb": False, "trackers/mlflow": False}
    project = render(**rows.answers(rows.FULL | trackers | {"precision": "fp32"}))
    done = subprocess.run(
        [sys.executable, "-m", "digits.train", "--duration", "30 steps"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{project}"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert unreserved(note.read_text().split()) <= {"digits"}


# Rows


def test_rows_hold_every_allowed_pair():
    assert not rows.missing(rows.pairs(), 2)
    assert rows.missing(rows.pairs()[1:], 2), "the check itself finds nothing"


@pytest.mark.deep
def test_rows_hold_every_allowed_triple():
    assert not rows.missing(rows.pairs(3), 3)


def test_rows_are_allowed_and_named_apart():
    every = rows.every()
    assert all(rows.allowed(row) for row in every)
    assert len({rows.name(row) for row in every}) == len(every)
    assert [rows.name(row) for row in (rows.LEAN, rows.FULL)] == ["lean", "full"]


def test_lean_has_nothing_and_full_everything():
    assert not any(value for value in rows.answers(rows.LEAN).values() if isinstance(value, list))
    off = [factor for factor, value in rows.FULL.items() if value is False]
    assert all(not rows.allowed(rows.FULL | {factor: True}) for factor in off)


@pytest.mark.parametrize("row", [rows.LEAN, rows.FULL, *rows.pairs()[:3]], ids=rows.name)
def test_answers_are_recorded(row, render):
    assert recorded(render(**rows.answers(row))).items() >= rows.answers(row).items()


def check_exclusions(template: Path, folder: Path) -> int:
    """See Copier refuse each excluded pair with a reason, and count them."""
    path = template / "copier.yml"
    found = rows.excluded(path)
    for pair in found:
        row = rows.lean(path) | dict(pair)
        with pytest.raises(ValueError, match=r"\w+ \w+") as refusal:
            copy(template, folder, rows.answers(row), pretend=True)
        assert "is not in" not in str(refusal.value), "no reason given"
    return len(found)


def test_excluded_pairs_are_refused(snapshot, tmp_path):
    check_exclusions(snapshot, tmp_path / "project")


MADE_UP = """
_envops: {block_start_string: "#%", block_end_string: "%#"}
_subdirectory: files
banned: {type: yaml, when: false, default: "[fp8]"}
name: {type: str, help: Name, default: x}
precision: {type: str, help: Precision, default: fp32, choices: [fp32, fp8]}
strategy:
  type: str
  help: Strategy
  default: ddp
  choices:
    DDP: ddp
    DeepSpeed:
      value: deepspeed
      validator: "{{ 'not with ' ~ precision if precision in banned else '' }}"
extras:
  type: str
  help: Extras
  multiselect: true
  default: []
  validator: "{{ 'sam and ema disagree' if 'sam' in extras and 'ema' in extras else '' }}"
  choices:
    EMA: {value: ema, validator: "{{ 'no ema here' if strategy == 'deepspeed' else '' }}"}
    SAM: sam
    Mixup: mixup
early: {type: bool, help: "Stop?", default: false}
"""


@pytest.fixture
def made_up(tmp_path) -> Path:
    """Give a small template whose answers contradict each other in three ways."""
    template = tmp_path / "template"
    (template / "files").mkdir(parents=True)
    (template / "copier.yml").write_text(MADE_UP)
    (template / "files" / "file").write_text("x\n")
    return template


def test_validators_become_excluded_pairs(made_up, tmp_path):
    path = made_up / "copier.yml"
    assert rows.excluded(path) == {
        frozenset({("strategy", "deepspeed"), ("precision", "fp8")}),
        frozenset({("strategy", "deepspeed"), ("extras/ema", True)}),
        frozenset({("extras/ema", True), ("extras/sam", True)}),
    }
    assert check_exclusions(made_up, tmp_path / "project") == 3


def test_rows_keep_to_the_validators(made_up, tmp_path):
    path = made_up / "copier.yml"
    every = [rows.lean(path), rows.full(path), *rows.alone(path), *rows.pairs(2, path)]
    for row in every:
        copy(made_up, tmp_path / "project", rows.answers(row), pretend=True)
    assert rows.answers(rows.full(path))["extras"] == ["ema", "mixup"]
    held = set(itertools.chain.from_iterable(row.items() for row in rows.pairs(2, path)))
    assert held == {(name, value) for name, many in rows.factors(path).items() for value in many}


# Of three factors, and two that together leave an answer nothing to go with.
DEEPER = """
_envops: {block_start_string: "#%", block_end_string: "%#"}
_subdirectory: files
one: {type: str, help: One, default: a, choices: [a, b]}
two: {type: str, help: Two, default: a, choices: [a, b]}
three:
  type: str
  help: Three
  default: a
  choices:
    A: a
    B: {value: b, validator: "{{ 'all are b' if one == 'b' and two == 'b' else '' }}"}
four:
  type: bool
  help: Four
  default: false
  validator: "{{ 'not with one, not with the other' if four and one in ['a', 'b'] else '' }}"
"""


def test_rules_of_three_factors_exclude_triples(made_up, tmp_path):
    path = made_up / "copier.yml"
    path.write_text(DEEPER)
    four = {("four", True)}
    assert all(("four", True) in pair for pair in rows.excluded(path))
    assert len(rows.excluded(path)) == 6, "an answer that goes with nothing"
    never = {each for each in rows.excluded(path, 3) if not four & each}
    assert never == {frozenset({("one", "b"), ("two", "b"), ("three", "b")})}
    assert not rows.missing(rows.pairs(3, path), 3, path)
    assert check_exclusions(made_up, tmp_path / "project") == 6


@pytest.fixture
def constrained(snapshot, tmp_path) -> Path:
    """Give this template with two answers that refuse others, whatever its own refuse by now."""
    template = tmp_path / "template"
    shutil.copytree(snapshot, template)
    said = rows.read(template / "copier.yml")
    for name, (label, answer), reason in (
        ("schedule", ("Cyclic", "cyclic"), "'Adam has its own' if optimizer == 'adam' else ''"),
        ("extras", ("torch.compile", "compile"), "'no fp16' if precision == 'fp16' else ''"),
    ):
        said[name]["choices"][label] = {"value": answer, "validator": f"{{{{ {reason} }}}}"}
    (template / "copier.yml").write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    return template


def test_a_new_constraint_is_kept_to(constrained, tmp_path):
    path = constrained / "copier.yml"
    new = {
        frozenset({("schedule", "cyclic"), ("optimizer", "adam")}),
        frozenset({("extras/compile", True), ("precision", "fp16")}),
    }
    never = rows.excluded(path)
    assert never == rows.excluded() | new
    assert check_exclusions(constrained, tmp_path / "project") == len(never)
    every = [rows.lean(path), rows.full(path), *rows.alone(path), *rows.pairs(2, path)]
    assert not [row for row in every for pair in never if pair <= set(row.items())]
    assert not rows.missing(rows.pairs(2, path), 2, path)
    for row in rows.pairs(2, path)[:5]:
        copy(constrained, tmp_path / "project", rows.answers(row), pretend=True)


# Bad answers


@pytest.mark.parametrize(("question", "answer"), BAD, ids=[f"{q}={a!r:.25}" for q, a in BAD])
def test_bad_answers_are_refused(question, answer, snapshot, tmp_path):
    with pytest.raises((ValueError, TypeError)) as refusal:
        copy(snapshot, tmp_path / "project", {question: answer})
    reason = str(refusal.value)
    assert question in reason or not isinstance(refusal.value, ValueError)
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("name", ["class", "../up", "{{ package }}", "two  'words"])
def test_the_command_ends_with_the_reason(name, snapshot, tmp_path):
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "--data"]
    done = subprocess.run(
        [*command, f"project_name={name}", str(snapshot), "project"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode != 0
    assert "project_name" in done.stderr.strip().splitlines()[-1]
    assert not list(tmp_path.iterdir())


GOOD_NAMES = {
    "a": "a",
    "My Project": "my_project",
    "Digits-2": "digits_2",
    "a__b": "a_b",
    "x" * 60: "x" * 60,
    "true": "true",
    "null": "null",
    "e1": "e1",
}


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_names_become_packages(name, snapshot, tmp_path):
    project = copy(snapshot, tmp_path / "project", {"project_name": name})
    assert (project / GOOD_NAMES[name]).is_dir()
    assert recorded(project)["project_name"] == name


@pytest.mark.parametrize("name", [n for n, q in rows.questions().items() if rows.choices(q)])
def test_a_mistyped_choice_is_refused(name, snapshot, tmp_path):
    several = rows.questions()[name].get("multiselect")
    with pytest.raises(ValueError, match=name):
        copy(snapshot, tmp_path / "project", {name: ["nonsense"] if several else "nonsense"})
    assert not (tmp_path / "project").exists()
