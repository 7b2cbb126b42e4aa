"""Updates: a newer release reaches a project, and what its owner wrote stays."""

import contextlib
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import rows
import yaml
from conftest import (
    OLDER,
    OWNED,
    ROOT,
    commit,
    copy,
    differences,
    git,
    recorded,
    run_copier,
    tree,
    update,
)
from drills import Nursery

# Texts that YAML, TOML, Markdown and Python each could trip over.
ODD = rows.answers(rows.pairs()[0]) | {
    "project_name": "My Odd-Project_2",
    "description": 'it\'s "odd": {{ x }} #% if %# \\n — 東京 😀',
    "author": "O'Brien: #1",
}
PROJECTS = {"lean": rows.answers(rows.LEAN), "full": rows.answers(rows.FULL), "odd": ODD}

TOOLS = Path(sys.executable).parent
MARKERS = re.compile(rb"^(<{7}|>{7}|\|{7}) ", re.M)


def releases() -> list[str]:
    """Give the tags of the releases so far; a shallow clone has none."""
    return git(ROOT, "tag", "--list", "v*").split()


def clean(project: Path) -> bool:
    """Tell whether an update went through without anything left to resolve."""
    texts = [text for _, text in tree(project).values()]
    conflicts = git(project, "ls-files", "--unmerged") or list(project.rglob("*.rej"))
    return not conflicts and not any(MARKERS.search(text) for text in texts)


def start(template: Path, folder: Path, answers: dict, release: str) -> Path:
    """Make a project from a release, as its first commit."""
    copy(template, folder, answers, vcs_ref=release)
    commit(folder)
    return folder


def check_equal(project: Path, template: Path, fresh: Path) -> None:
    """See that an updated project is what a fresh copy of the same answers is."""
    noted = recorded(project)
    answers = {name: value for name, value in noted.items() if not name.startswith("_")}
    assert clean(project)
    assert not differences(tree(project), tree(copy(template, fresh, answers)))


def package(project: Path) -> str:
    """Give the name of a project's package."""
    return next(path.parent.name for path in project.glob("*/train.py"))


# From release to release


@pytest.mark.parametrize("answers", PROJECTS.values(), ids=PROJECTS)
def test_an_update_equals_a_fresh_copy(answers, history, tmp_path):
    project = start(history, tmp_path / "project", answers, "v998.0.0")
    name = package(project)
    assert (project / name / "gone.py").exists()
    assert OLDER in (project / name / "train.py").read_text(encoding="utf-8")
    update(project)
    assert not (project / name / "gone.py").exists()
    assert recorded(project).items() >= (answers | {"_commit": "v999.0.0"}).items()
    check_equal(project, history, tmp_path / "fresh")


def known(answers: dict, release: str) -> dict:
    """Leave out the answers that a release did not offer yet."""
    old = rows.read(ROOT / "copier.yml", git(ROOT, "show", f"{release}:copier.yml"))
    offered = {
        name: set(rows.choices(question))
        for name, question in old.items()
        if not name.startswith("_")
    }
    kept = {}
    for name, value in answers.items():
        if isinstance(value, list):
            kept[name] = [each for each in value if each in offered.get(name, ())]
        elif name in offered and (not offered[name] or value in offered[name]):
            kept[name] = value
    return kept


@pytest.mark.parametrize("answers", PROJECTS.values(), ids=PROJECTS)
def test_every_release_updates_to_this(answers, repository, tmp_path):
    for release in releases():
        folder = tmp_path / release
        project = start(repository, folder / "project", known(answers, release), release)
        update(project)
        check_equal(project, repository, folder / "fresh")


@pytest.fixture(scope="session")
def previous(repository, tmp_path_factory) -> Path:
    """Give this repository with, as v998.0.0, its last commit in which the template was another."""
    folder = tmp_path_factory.mktemp("previous") / "copier-accelerate"
    git(repository, "clone", "-q", str(repository), str(folder))
    for older in git(folder, "log", "--format=%H", "HEAD~1").split():
        if git(folder, "diff", "--name-only", older, "HEAD", "--", "copier.yml", "template"):
            git(folder, "tag", "-a", "v998.0.0", "-m", "v998.0.0", older)
            return folder
    pytest.skip("a shallow clone has no older commit")


@pytest.mark.parametrize("answers", PROJECTS.values(), ids=PROJECTS)
def test_the_commit_before_updates_to_this(answers, previous, tmp_path):
    older = git(previous, "rev-parse", "v998.0.0^{commit}").strip()
    project = start(previous, tmp_path / "project", known(answers, older), "v998.0.0")
    update(project)
    assert recorded(project)["_commit"] == "v999.0.0"
    check_equal(project, previous, tmp_path / "fresh")


# What the owner wrote


def edit(path: Path) -> list[str]:
    """Write a line of one's own at the top of a file and one in the middle."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) > 10, f"{path} is too short for two edits apart from its end"
    mine = [f"# Mine, at the {place} of {path.name}.\n" for place in ("top", "middle")]
    lines.insert(len(lines) // 2, mine[1])
    lines.insert(0, mine[0])
    path.write_text("".join(lines), encoding="utf-8")
    return mine


def owned(project: Path) -> list[Path]:
    """Give the files that a user edits first."""
    name = package(project)
    return [project / (place if "/" in place else f"{name}/{place}") for place in OWNED]


@pytest.mark.parametrize("answers", PROJECTS.values(), ids=PROJECTS)
def test_edits_survive(answers, history, tmp_path):
    project = start(history, tmp_path / "project", answers, "v998.0.0")
    mine = {path: edit(path) for path in owned(project)}
    (project / "notes.md").write_text("My own file.\n")
    commit(project, message="my edits")
    update(project)
    assert clean(project)
    fresh = copy(history, tmp_path / "fresh", answers)
    for path, lines in mine.items():
        found = path.read_text(encoding="utf-8").splitlines(keepends=True)
        assert [line for line in found if "Mine" in line] == lines
        rest = [line for line in found if "Mine" not in line]
        assert "".join(rest) == (fresh / path.relative_to(project)).read_text(encoding="utf-8")
    changed = differences(tree(project), tree(fresh))
    places = [path.relative_to(project).as_posix() for path in mine]
    assert changed == sorted([*places, "notes.md"])


def test_a_conflict_is_seen(history, tmp_path):
    project = start(history, tmp_path / "project", PROJECTS["lean"], "v998.0.0")
    path = project / package(project) / "train.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(OLDER, "# Mine, on the line of theirs."), encoding="utf-8")
    commit(project, message="my edit")
    update(project)
    place = path.relative_to(project).as_posix()
    assert place in git(project, "ls-files", "--unmerged")
    assert "# Mine, on the line of theirs." in path.read_text(encoding="utf-8")
    assert MARKERS.search(path.read_bytes())
    with pytest.raises(AssertionError, match="git diff --check"):
        git(project, "diff", "--check")


def test_a_deleted_file_stays_deleted(history, tmp_path):
    project = start(history, tmp_path / "project", PROJECTS["full"], "v998.0.0")
    (project / "AGENTS.md").unlink()
    commit(project, message="not for me")
    update(project)
    assert clean(project)
    assert not (project / "AGENTS.md").exists()


# What both wrote, and what refuses to let it through


@pytest.fixture
def conflict(history, tmp_path) -> Path:
    """Give a project of all infra whose owner wrote on two lines that the update writes on."""
    answers = rows.answers(rows.LEAN) | {"infra": list(rows.choices(rows.questions()["infra"]))}
    project = start(history, tmp_path / "project", answers, "v998.0.0")
    mine = [project / package(project) / "train.py", project / "configs" / "train.yaml"]
    for path in mine:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(OLDER, "# Mine, on the line of theirs."), encoding="utf-8")
    commit(project, message="my edits")
    update(project)
    found = git(project, "diff", "--name-only", "--diff-filter=U").split()
    assert [project / place for place in sorted(found)] == sorted(mine)
    return project


def test_a_conflict_is_not_committed(conflict):
    """With the hook, not even by those who add all they see."""
    # Without the settings that keep a developer's own hooks out of the tests.
    own = {name: value for name, value in os.environ.items() if "GIT_CONFIG" not in name}
    own |= {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}

    def run(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=conflict, env=own, capture_output=True, encoding="utf-8")

    assert run("pre-commit", "install").returncode == 0
    before = git(conflict, "rev-parse", "HEAD")
    for command in (["git", "commit", "-m", "x"], ["git", "commit", "-a", "-m", "x"]):
        done = run(*command)
        assert done.returncode != 0
    assert re.search(r"no merge markers\.+Failed", done.stdout + done.stderr)
    assert git(conflict, "rev-parse", "HEAD") == before


def test_a_conflict_is_found_without_hooks(conflict):
    """By CI's first step, by the linter, and by whatever reads the settings."""
    commit(conflict, message="markers and all")
    ci = yaml.safe_load((conflict / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    script = next(x["run"] for x in ci["jobs"]["lint"]["steps"] if "merge" in x["name"])
    for command in (["bash", "-e", "-c", script], [sys.executable, "-m", "ruff", "check"]):
        done = subprocess.run(command, cwd=conflict, capture_output=True, encoding="utf-8")
        assert done.returncode == 1
        assert "train.py" in done.stdout
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load((conflict / "configs" / "train.yaml").read_text(encoding="utf-8"))


# From answer to answer


def told(project: Path, answers: dict) -> list[str]:
    """Change answers by the command, and give the commands for what it says it removed."""
    plain = {name: x if isinstance(x, str) else json.dumps(x) for name, x in answers.items()}
    data = [f"{name}={value}" for name, value in plain.items()]
    with contextlib.chdir(project):
        done = run_copier("update", "--defaults", *(w for each in data for w in ("--data", each)))
    assert done.returncode == 0, done.stderr
    assert "is updated" in done.stderr
    said = [line.strip() for line in done.stderr.splitlines() if "git checkout" in line]
    assert bool(said) == ("removed files" in done.stderr)
    return said


def removed(project: Path) -> list[str]:
    """Name the files that are committed and lie in a project no more."""
    return git(project, "-c", "core.quotePath=false", "ls-files", "--deleted").splitlines()


def amend(path: Path, other: Path) -> str:
    """Write a line of one's own amid the lines a file has in common with another; "" if few are."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    theirs = other.read_text(encoding="utf-8").splitlines(keepends=True)
    same = difflib.SequenceMatcher(None, lines, theirs, autojunk=False).find_longest_match()
    if same.size <= 6:
        return ""
    mine = f"# Mine, in {path.name}.\n"
    lines.insert(same.a + same.size // 2, mine)
    path.write_text("".join(lines), encoding="utf-8")
    return mine


def flip(repository: Path, folder: Path, before: dict, after: dict) -> Path:
    """Change answers of a project with edits, compare it with a fresh copy, and give it.

    What the new answers ask for has to be there, and the edits on top of it: lines of comment, so
    that the project can be trained as it is. What they no longer ask for has to be named.
    """
    project = start(repository, folder / "project", before, "v999.0.0")
    fresh = copy(repository, folder / "fresh", after)
    amended = {path: amend(path, fresh / path.relative_to(project)) for path in owned(project)}
    mine = {path: line for path, line in amended.items() if line}
    # Those of another task may be all other, under the same names.
    others = {"data.py", "model.py", "train.yaml"} if before["task"] != after["task"] else set()
    assert {path.name for path in amended.keys() - mine.keys()} <= others
    commit(project, message="my edits")
    said = told(project, {name: value for name, value in after.items() if value != before[name]})
    assert clean(project)
    assert said == [f"git checkout HEAD -- {place}" for place in removed(project)]
    for path, line in mine.items():
        text = path.read_text(encoding="utf-8")
        assert text.count(line) == 1
        assert text.replace(line, "") == (fresh / path.relative_to(project)).read_text("utf-8")
    edited = sorted(path.relative_to(project).as_posix() for path in mine)
    assert differences(tree(project), tree(fresh)) == edited
    return project


def train(nursery: Nursery, project: Path, folder: Path, answers: dict) -> None:
    """See that a project still trains, on this machine without a GPU."""
    here = ["--precision", "fp32"] if answers["precision"] == "fp16" else []
    here += rows.quick(answers["extras"])
    few = ["--duration", "10 steps", "--schedule.warmup", "0 steps", "--name", "run"]
    life = nursery.live(project, folder, "train", *few, *here)
    assert life.codes == [0], life.output


def one_of_each() -> list[dict]:
    """Give the last answer of each question by itself."""
    last = {}
    for row in rows.alone():
        factor = next(factor for factor, value in row.items() if value != rows.LEAN[factor])
        last[factor.partition("/")[0]] = row
    return list(last.values())


@pytest.mark.parametrize("row", one_of_each(), ids=rows.name)
def test_a_changed_answer_equals_a_fresh_copy(row, repository, nursery, tmp_path):
    project = flip(repository, tmp_path, rows.answers(rows.LEAN), rows.answers(row))
    train(nursery, project, tmp_path, rows.answers(row))


@pytest.mark.deep
@pytest.mark.parametrize(
    "row", [row for row in rows.alone() if row not in one_of_each()], ids=rows.name
)
def test_every_changed_answer_equals_a_fresh_copy(row, repository, nursery, tmp_path):
    project = flip(repository, tmp_path, rows.answers(rows.LEAN), rows.answers(row))
    train(nursery, project, tmp_path, rows.answers(row))


@pytest.mark.deep
@pytest.mark.parametrize("row", rows.alone(), ids=rows.name)
def test_every_answer_taken_back_equals_a_fresh_copy(row, repository, nursery, tmp_path):
    project = flip(repository, tmp_path, rows.answers(row), rows.answers(rows.LEAN))
    train(nursery, project, tmp_path, rows.answers(rows.LEAN))


@pytest.mark.parametrize("back", [False, True], ids=["lean to full", "full to lean"])
def test_all_answers_changed_equal_a_fresh_copy(back, repository, tmp_path):
    ends = [rows.answers(rows.LEAN), rows.answers(rows.FULL)]
    flip(repository, tmp_path, *(reversed(ends) if back else ends))


@pytest.mark.parametrize("name", ["description", "author"])
def test_a_changed_text_equals_a_fresh_copy(name, repository, tmp_path):
    lean = rows.answers(rows.LEAN) | {name: rows.questions()[name]["default"]}
    flip(repository, tmp_path, lean, lean | {name: "Another: {{ text }}, 'quoted'"})


# What an answer takes away


def test_an_edited_file_is_not_lost_without_a_word(repository, tmp_path):
    """Copier removes it, so the message has to say how it comes back, and then it has to stay."""
    # A folder in which every special character of a glob would mislead.
    project = start(repository, tmp_path / "a [b]* c?", rows.answers(rows.FULL), "v999.0.0")
    lean = copy(repository, tmp_path / "lean", rows.answers(rows.LEAN))
    going = tree(project).keys() - tree(lean).keys()
    assert len(going) > 10
    for place in going:
        with (project / place).open("a", encoding="utf-8") as file:
            file.write("# Mine, to the end.\n")
    commit(project, message="my edits")
    edited = tree(project)
    said = told(project, rows.answers(rows.LEAN))
    assert {line.removeprefix("git checkout HEAD -- ") for line in said} == going
    for line in said:
        git(project, *shlex.split(line)[1:])
    assert {place: tree(project)[place] for place in going} == {x: edited[x] for x in going}
    commit(project, message="without the answers, with the files")
    assert told(project, {"precision": "bf16"}) == []
    assert {place: tree(project)[place] for place in going} == {x: edited[x] for x in going}


def test_a_release_that_removes_a_file_says_so(history, tmp_path):
    project = start(history, tmp_path / "project", PROJECTS["lean"], "v998.0.0")
    said = told(project, {})
    assert said == [f"git checkout HEAD -- {package(project)}/gone.py"]


def test_every_file_is_looked_after(render):
    """The computed value `files_before` of copier.yml names the folders; it mustn't miss one."""
    text = rows.settings()["files_before"]["default"]
    globs = re.findall(r"top ~ '([^']+)'", text)
    for row in (rows.FULL, *rows.alone()):
        for place in tree(render(**rows.answers(row))):
            covered = any(
                place.count("/") == glob.count("/") and Path(place).match(glob) for glob in globs
            )
            assert covered, f"{place}: add its folder to files_before"


def test_a_new_name_moves_the_package(repository, tmp_path):
    """Copier takes it for new files: named if they go, and merged if the folder moved before."""
    lean = rows.answers(rows.LEAN)
    project = start(repository, tmp_path / "project", lean, "v999.0.0")
    mine = edit(project / "digits" / "data.py")
    commit(project, message="my edits")
    fresh = tree(copy(repository, tmp_path / "fresh", lean | {"project_name": "other"}))
    said = told(project, {"project_name": "other"})
    assert not differences(tree(project), fresh)
    assert "git checkout HEAD -- digits/data.py" in said
    assert len(said) == len(removed(project))
    git(project, "reset", "-q", "--hard")
    git(project, "clean", "-fdq")
    git(project, "mv", "digits", "other")
    commit(project, message="my move")
    assert told(project, {"project_name": "other"}) == []
    text = (project / "other" / "data.py").read_text(encoding="utf-8")
    assert all(line in text for line in mine)
    assert "other/data.py" in git(project, "ls-files", "--unmerged")
    assert set(differences(tree(project), fresh)) == {"other/data.py"}
