"""Updates: a newer release reaches a project, and what its owner wrote stays."""

import re
from pathlib import Path

import pytest
import rows
import yaml
from conftest import OLDER, OWNED, ROOT, commit, copy, differences, git, recorded, tree, update

# Texts that YAML, TOML, Markdown and Python each could trip over.
ODD = rows.answers(rows.pairs()[0]) | {
    "project_name": "My Odd-Project_2",
    "description": 'it\'s "odd": {{ x }} #% if %# \\n — 東京 😀',
    "author": "O'Brien: #1",
}
PROJECTS = {"lean": rows.answers(rows.LEAN), "full": rows.answers(rows.FULL), "odd": ODD}

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
    old = yaml.safe_load(git(ROOT, "show", f"{release}:copier.yml"))
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


# From answer to answer


def flip(repository: Path, folder: Path, before: dict, after: dict) -> None:
    """Change a project's answers, and see what a fresh copy with the new ones has."""
    project = start(repository, folder / "project", rows.answers(before), "v999.0.0")
    changed = {name: value for name, value in after.items() if value != before[name]}
    questions = {factor.partition("/")[0] for factor in changed}
    told = {name: value for name, value in rows.answers(after).items() if name in questions}
    update(project, told)
    assert clean(project)
    fresh = copy(repository, folder / "fresh", rows.answers(after))
    assert not differences(tree(project), tree(fresh))


def one_of_each() -> list[dict]:
    """Give the last answer of each question by itself."""
    last = {}
    for row in rows.alone():
        factor = next(factor for factor, value in row.items() if value != rows.LEAN[factor])
        last[factor.partition("/")[0]] = row
    return list(last.values())


@pytest.mark.parametrize("row", one_of_each(), ids=rows.name)
def test_a_changed_answer_equals_a_fresh_copy(row, repository, tmp_path):
    flip(repository, tmp_path, rows.LEAN, row)


@pytest.mark.deep
@pytest.mark.parametrize(
    "row", [row for row in rows.alone() if row not in one_of_each()], ids=rows.name
)
def test_every_changed_answer_equals_a_fresh_copy(row, repository, tmp_path):
    flip(repository, tmp_path, rows.LEAN, row)


@pytest.mark.deep
@pytest.mark.parametrize("row", rows.alone(), ids=rows.name)
def test_every_answer_taken_back_equals_a_fresh_copy(row, repository, tmp_path):
    flip(repository, tmp_path, row, rows.LEAN)


@pytest.mark.parametrize("back", [False, True], ids=["lean to full", "full to lean"])
def test_all_answers_changed_equal_a_fresh_copy(back, repository, tmp_path):
    ends = [rows.LEAN, rows.FULL]
    flip(repository, tmp_path, *(reversed(ends) if back else ends))


def test_edits_survive_a_changed_answer(repository, tmp_path):
    row = rows.LEAN | {"early_stopping": True}
    project = start(repository, tmp_path / "project", rows.answers(rows.LEAN), "v999.0.0")
    mine = {path: edit(path) for path in owned(project)[:2]}
    commit(project, message="my edits")
    update(project, {"early_stopping": True})
    assert clean(project)
    fresh = tree(copy(repository, tmp_path / "fresh", rows.answers(row)))
    changed = differences(tree(project), fresh)
    assert changed == sorted(path.relative_to(project).as_posix() for path in mine)
    assert all(line in path.read_text(encoding="utf-8") for path in mine for line in mine[path])
