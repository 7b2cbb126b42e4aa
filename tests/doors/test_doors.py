"""The two front doors: what Cookiecutter writes is what Copier writes, and later updates alike."""

import contextlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
import rows
from conftest import ROOT, commit, copy, differences, git, recorded, run_copier, tree, update
from cookiecutter import hooks
from cookiecutter.main import cookiecutter

LISTS = [name for name, question in rows.questions().items() if question.get("multiselect")]
NAMES = list(rows.questions())


def spoken(answers: dict) -> dict:
    """Give answers as Cookiecutter takes them: lists as text."""
    lists = {name: ", ".join(answers[name]) or "none" for name in LISTS if name in answers}
    return answers | lists


def command(
    template: Path | str,
    folder: Path,
    *words: str,
    typed: str | None = None,
    python: Path | str = sys.executable,
):
    """Run the cookiecutter command in a folder, with a folder for its leftovers beside."""
    (folder.parent / "left").mkdir(exist_ok=True)
    return subprocess.run(
        [str(python), "-m", "cookiecutter", str(template), *words],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder.parent / "left"), "PWD": str(folder)},
        input=typed,
        capture_output=True,
        encoding="utf-8",
    )


def without_source(folder: Path) -> dict:
    """Give a project's tree without what tells where its template lay and which version it was."""
    found = tree(folder)
    version = str(recorded(folder).get("_commit", "HEAD")).encode()
    mode, readme = found["README.md"]
    found["README.md"] = mode, readme.replace(version, b"VERSION")
    mode, text = found[".copier-answers.yml"]
    lines = [
        line for line in text.splitlines() if not line.startswith((b"_src_path:", b"_commit:"))
    ]
    return found | {".copier-answers.yml": (mode, lines)}


@pytest.fixture
def desk(tmp_path) -> Path:
    """Give an empty folder to stand in."""
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


@pytest.fixture
def one_process(monkeypatch, tmp_path) -> None:
    """Run the hooks and Copier in this process: to start Python thrice for each row is slow."""
    run, path = subprocess.run, list(sys.path)

    def start(command, **options):
        own = command[1:3] == ["-m", "copier"]
        return run_copier(*command[3:]) if own else run(command, **options)

    def run_script(script, cwd):
        with contextlib.chdir(cwd):
            runpy.run_path(script, run_name="__main__")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # Cookiecutter leaves a folder
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setattr(subprocess, "run", start)
    monkeypatch.setattr(hooks, "run_script", run_script)


@pytest.mark.parametrize("row", rows.pairs(), ids=rows.name)
@pytest.mark.usefixtures("one_process")
def test_both_doors_write_the_same(row, repository, render, desk, capsys):
    answers = rows.answers(row)
    made = cookiecutter(
        str(repository), no_input=True, extra_context=spoken(answers), output_dir=str(desk)
    )
    assert not differences(without_source(Path(made)), without_source(render(**answers)))
    assert f"cd {made}" in capsys.readouterr().err


@pytest.mark.parametrize("row", [rows.LEAN, rows.FULL, rows.pairs()[0]], ids=rows.name)
def test_the_command_writes_the_same(row, repository, desk, tmp_path):
    words = [f"{name}={value}" for name, value in spoken(rows.answers(row)).items()]
    done = command(repository, desk, "--no-input", *words)
    assert done.returncode == 0, done.stderr
    straight = copy(repository, tmp_path / "straight", rows.answers(row))
    assert not differences(tree(desk / "digits"), tree(straight))
    noted = recorded(desk / "digits")
    assert noted["_src_path"] == str(repository.resolve())
    assert noted["_commit"] == "v999.0.0"


def test_the_next_steps_are_told_without_noise(repository, desk):
    done = command(repository, desk, "--no-input", "project_name=My Project")
    assert done.returncode == 0, done.stderr
    assert f"cd {desk / 'my-project'}" in done.stderr
    assert "my_project.train" in done.stderr
    for noise in ("create", "Copying", "\x1b"):
        assert noise not in done.stderr


ODD = [
    ("\"a\" and 'b' and \"\"\"c\"\"\" and '''d''' <b>&amp;</b> [bold]x[/bold]", 'O\'Brien "Bob"'),
    ("{{ x }} {% y %} {# z #} #% if a %# ${HOME} `id` $(id)", "{{ cookiecutter }}"),
    ("back\\slash \\n \\u0041 \\", "# yes: - [a, b] {c: d} & *e !f | > %g @h"),
    ("Zürich, 東京, עברית, 😀", "null"),
]


def type_in(**texts: str) -> str:
    """Give what a person types who answers some questions and takes the default of the others."""
    return "".join(f"{texts.get(name, '')}\n" for name in NAMES)


@pytest.mark.parametrize(("description", "author"), ODD)
def test_odd_values_come_through(description, author, repository, desk, tmp_path):
    texts = {"description": description, "author": author}
    try:
        straight = copy(repository, tmp_path / "straight", texts)
    except ValueError:
        assert command(repository, desk, typed=type_in(**texts)).returncode != 0
        return
    done = command(repository, desk, typed=type_in(**texts))
    assert done.returncode == 0, done.stderr
    assert not differences(without_source(desk / "digits"), without_source(straight))
    noted = recorded(desk / "digits")
    assert (noted["description"], noted["author"]) == (description, author)
    project = tomllib.loads((desk / "digits" / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["description"] == description
    assert project["project"]["authors"] == [{"name": author}]


def test_prompts_take_every_answer(repository, desk, tmp_path):
    """The labels are shown by number: pick the last of each, by hand, and all that goes with it."""
    listed = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    chosen = {name for name in rows.LEAN if isinstance(listed.get(name), list)}
    row = rows.LEAN | {name: listed[name][-1] for name in chosen}
    for factor, values in rows.factors().items():
        if values == [False, True] and rows.allowed(row | {factor: True}):
            row[factor] = True
    answers, typed = rows.answers(row), {}
    for name, answer in answers.items():
        if isinstance(answer, list):
            typed[name] = ",".join(reversed(answer))
        else:
            typed[name] = "y" if answer is True else str(listed[name].index(answer) + 1)
    done = command(repository, desk, typed=type_in(**typed))
    assert done.returncode == 0, done.stderr
    straight = copy(repository, tmp_path / "straight", answers)
    assert not differences(without_source(desk / "digits"), without_source(straight))


BAD = [
    {"project_name": "torch"},
    {"project_name": "../../up"},
    {"project_name": "!!!"},
    {"description": "two\nlines"},
    {"author": "a bell \a"},
    {LISTS[0]: "nonsense"},
]


@pytest.mark.parametrize("wrong", BAD, ids=repr)
def test_a_refused_answer_leaves_nothing(wrong, repository, desk, tmp_path):
    said = {name: [text] if name in LISTS else text for name, text in wrong.items()}
    with pytest.raises(ValueError, match=r"\w+ \w+") as refusal:
        copy(repository, tmp_path / "straight", said)
    words = [f"{name}={text}" for name, text in wrong.items()]
    done = command(repository, desk, "--no-input", *words)
    assert done.returncode != 0
    assert done.stderr.strip() == " ".join(str(refusal.value).split()), "not Copier's words"
    assert not list(desk.iterdir())
    assert not list((tmp_path / "left").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk", "left"]


def test_a_folder_in_use_is_left_alone(repository, desk):
    (desk / "digits").mkdir()
    (desk / "digits" / "mine.txt").write_text("mine\n")
    done = command(repository, desk, "--no-input", "--overwrite-if-exists")
    assert done.returncode != 0
    assert "copier update" in done.stderr
    assert [path.name for path in (desk / "digits").iterdir()] == ["mine.txt"]


def test_a_project_from_cookiecutter_can_be_updated(history, desk, tmp_path):
    # Cookiecutter takes a folder as it stands: --checkout is for addresses.
    template = tmp_path / "template"
    git(tmp_path, "clone", "-q", str(history), str(template))
    git(template, "checkout", "-q", "v998.0.0")
    done = command(template, desk, "--no-input")
    assert done.returncode == 0, done.stderr
    assert recorded(desk / "digits")["_commit"] == "v998.0.0"
    commit(desk / "digits")
    update(desk / "digits")
    assert not differences(tree(desk / "digits"), tree(copy(template, tmp_path / "straight")))


def test_an_address_is_remembered_as_given(history, desk, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(history), str(tmp_path / "remote.git"))
    address = f"git+file://{tmp_path}/remote.git"
    done = command(address, desk, "--no-input", "--checkout", "v998.0.0")
    assert done.returncode == 0, done.stderr
    noted = recorded(desk / "digits")
    assert (noted["_src_path"], noted["_commit"]) == (address, "v998.0.0")
    commit(desk / "digits")
    update(desk / "digits")
    straight = copy(history, tmp_path / "straight")
    assert not differences(without_source(desk / "digits"), without_source(straight))


def test_a_relative_path_is_remembered_in_full(repository, desk):
    shutil.copytree(repository, desk.parent / "template")
    done = command("../template", desk, "--no-input")
    assert done.returncode == 0, done.stderr
    noted = recorded(desk / "digits")
    assert noted["_src_path"] == str((desk.parent / "template").resolve())


@pytest.fixture
def pre_prompt(monkeypatch):
    """Give the hook that runs before the questions, as a module, where Copier is not installed."""
    monkeypatch.syspath_prepend(str(ROOT / "hooks"))
    import pre_prompt

    def version(name):
        raise pre_prompt.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(pre_prompt.importlib.metadata, "version", version)
    return pre_prompt


@pytest.mark.parametrize(
    ("tools", "first"),
    [(["copier", "uvx", "pipx"], "copier"), (["uvx", "pipx"], "uvx"), (["pipx"], "pipx")],
)
def test_copier_is_found_or_fetched(tools, first, pre_prompt, monkeypatch):
    monkeypatch.setattr(pre_prompt.shutil, "which", lambda name: name if name in tools else None)
    found = pre_prompt.find_copier()
    assert found[0] == first
    assert first == "copier" or "copier>=9.15,<10" in found


@pytest.mark.parametrize("missing", ["git", "copier"])
def test_what_is_missing_is_said_before_the_questions(missing, pre_prompt, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    there = {"git"} - {missing}
    monkeypatch.setattr(pre_prompt.shutil, "which", lambda name: name if name in there else None)
    with pytest.raises(SystemExit, match=f"(?i)needs {missing}"):
        pre_prompt.main()
    assert not list(tmp_path.iterdir())


# Python starts with this file: Copier is then as good as not installed.
HIDING = """
import importlib.metadata as metadata

def version(name, known=metadata.version):
    if name == "copier":
        raise metadata.PackageNotFoundError(name)
    return known(name)

metadata.version = version
"""
FETCHING = {"uvx": "--from", "pipx": "run --spec"}


@pytest.fixture(params=FETCHING)
def fetching(request, tmp_path_factory, monkeypatch) -> Path:
    """Leave of all programs git and a uvx or pipx, which runs Copier; give where it notes that."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "git").symlink_to(shutil.which("git"))
    (folder / "sitecustomize.py").write_text(HIDING)
    words = f"{FETCHING[request.param]} copier>=9.15,<10 copier"
    program, note = folder / request.param, folder / "note"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in "{words} "*) shift {words.count(" ") + 1};; *) exit 64;; esac\n'
        f'unset PYTHONPATH\nexport PATH="{os.environ["PATH"]}"\necho "$1" >> "{note}"\n'
        f'exec "{sys.executable}" -m copier "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return note


def check_fetching(repository: Path, desk: Path, python: Path | str, note: Path) -> None:
    """See that Copier, fetched, writes what it writes, and refuses in its words."""
    words = [f"{name}={value}" for name, value in spoken(rows.answers(rows.FULL)).items()]
    done = command(repository, desk, "--no-input", *words, python=python)
    assert done.returncode == 0, done.stderr
    straight = copy(repository, desk.parent / "straight", rows.answers(rows.FULL))
    assert not differences(tree(desk / "digits"), tree(straight))
    assert "digits.train" in done.stderr
    assert note.read_text() == "copy\n"
    shutil.rmtree(desk / "digits")
    with pytest.raises(ValueError, match="torch is the name") as refusal:
        copy(repository, desk.parent / "refused", {"project_name": "torch"})
    done = command(repository, desk, "--no-input", "project_name=torch", python=python)
    assert done.returncode != 0
    assert done.stderr.strip() == str(refusal.value)
    assert not list(desk.iterdir())


def test_copier_is_fetched_where_it_is_not_installed(fetching, repository, desk):
    check_fetching(repository, desk, sys.executable, fetching)


@pytest.fixture(scope="session")
def oldest(tmp_path_factory) -> Path:
    """Give the Python of an environment that has the oldest Cookiecutter we take, and no Copier."""
    folder = tmp_path_factory.mktemp("oldest")
    python = folder / "bin" / "python"
    for line in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "cookiecutter==2.4.0"],
    ):
        done = subprocess.run(line, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
    return python


@pytest.mark.deep
def test_the_oldest_cookiecutter_writes_the_same(oldest, fetching, repository, desk):
    check_fetching(repository, desk, oldest, fetching)


@pytest.mark.deep
def test_a_project_from_the_oldest_cookiecutter_can_be_updated(oldest, history, desk, tmp_path):
    # Copier is on the PATH of the tests, though not in that environment.
    git(tmp_path, "clone", "-q", "--bare", str(history), str(tmp_path / "remote.git"))
    address = f"git+file://{tmp_path}/remote.git"
    done = command(address, desk, "--no-input", "--checkout", "v998.0.0", python=oldest)
    assert done.returncode == 0, done.stderr
    assert recorded(desk / "digits")["_commit"] == "v998.0.0"
    commit(desk / "digits")
    update(desk / "digits")
    straight = copy(history, tmp_path / "straight")
    assert not differences(without_source(desk / "digits"), without_source(straight))
