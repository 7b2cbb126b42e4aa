"""What the tests share: a clean environment, the template as it lies here, rendered projects."""

import contextlib
import hashlib
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent

# A git hook that runs the tests exports GIT_DIR and more, which would turn every git on it.
for variable in [each for each in os.environ if each.startswith("GIT_")]:
    del os.environ[variable]
for role in ("AUTHOR", "COMMITTER"):
    os.environ |= {f"GIT_{role}_NAME": "Test", f"GIT_{role}_EMAIL": "test@example.com"}

# A developer's own habits stay out: signing would ask for a key, hooks would run on each commit.
HABITS = {
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "init.defaultBranch": "main",
    "init.templateDir": "",
}
os.environ["GIT_CONFIG_COUNT"] = str(len(HABITS))
for place, (key, value) in enumerate(HABITS.items()):
    os.environ |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}

# More threads on shared cores are many times slower.
os.environ["OMP_NUM_THREADS"] = "1"

# What was compiled for one processor's instructions crashes where another one is simulated.
if "ATEN_CPU_CAPABILITY" in os.environ:
    cache = f"torchinductor-{os.environ['ATEN_CPU_CAPABILITY']}"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(tempfile.gettempdir(), cache))

import copier  # noqa: E402 - it keeps the environment it is imported in for every git it runs
import jinja2  # noqa: E402
import rows  # noqa: E402

# The tests render the same texts hundreds of times: each is compiled once.
_compile, _compiled = jinja2.Environment.compile, {}


def _compile_once(environment: jinja2.Environment, source, name=None, *others):
    """Compile a text as Jinja does, or take what came of it before, wherever its file lay."""
    # Copier's `yield` leaves the name it loops over in the environment.
    if not isinstance(source, str) or "yield" in source:
        return _compile(environment, source, name, *others)
    rules = type(environment), environment.lexer, (*environment.extensions,)
    key = (*rules, source, name, others[1:])
    if key in _compiled:
        environment.preprocess(source)  # where Copier forgets that name
    else:
        _compiled[key] = _compile(environment, source, name, *others)
    return _compiled[key]


jinja2.Environment.compile = _compile_once


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and give what it prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def commit(folder: Path, tag: str = "", message: str = "work") -> None:
    """Commit all that lies in a folder, which becomes a repository, and tag it if asked."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    if tag:
        git(folder, "tag", "-a", tag, "-m", tag)


def copy(template: Path, folder: Path, data: dict | None = None, **options) -> Path:
    """Render a template with Copier, untrusted and without a person's own settings."""
    quiet = {"defaults": True, "quiet": True, "unsafe": False, "settings": copier.Settings()}
    copier.run_copy(str(template), folder, data=data, **quiet, **options)
    return folder


def update(folder: Path, data: dict | None = None, **options) -> Path:
    """Update a project as `copier update --defaults` does."""
    quiet = {"defaults": True, "quiet": True, "unsafe": False, "settings": copier.Settings()}
    copier.run_update(folder, data=data, overwrite=True, **quiet, **options)
    return folder


def run_copier(*words: str) -> subprocess.CompletedProcess:
    """Run the command `copier` where we stand, in this process: to start Python is slow."""
    said, given = io.StringIO(), sys.argv
    sys.argv = ["copier", *words]
    try:
        with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as done:
            runpy.run_module("copier", run_name="__main__")
    finally:
        sys.argv = given
    return subprocess.CompletedProcess(words, done.value.code or 0, stderr=said.getvalue())


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Give a project's files by path, each with its execute bits and bytes, without git's own."""
    files = (path for path in folder.rglob("*") if path.is_file())
    places = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        place: (path.stat().st_mode & 0o111, path.read_bytes())
        for place, path in places.items()
        if not place.startswith(".git/")
    }


def recorded(folder: Path) -> dict:
    """Give what a project's .copier-answers.yml says."""
    return yaml.safe_load((folder / ".copier-answers.yml").read_text(encoding="utf-8"))


def differences(one: dict, other: dict) -> list[str]:
    """Name the paths in which two trees differ."""
    return sorted(
        place for place in one.keys() | other.keys() if one.get(place) != other.get(place)
    )


def overlay(clone: Path) -> None:
    """Bring a clone's work tree to the state of this one, deletions included."""
    listed = git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        source, target = ROOT / name, clone / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            target.unlink(missing_ok=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is slow to the full tests, but for the first of each kind."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if "slow" in marks and not marks & {"first", "deep", "gpu"}:
            item.add_marker("full")


@pytest.fixture(scope="session", autouse=True)
def _homeless(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give Cookiecutter and Copier homes of their own, away from the developer's."""
    home = tmp_path_factory.mktemp("home")
    places = {each: str(home / each) for each in ("replay_dir", "cookiecutters_dir")}
    (home / "cookiecutter.yml").write_text(yaml.safe_dump(places), encoding="utf-8")
    (home / "copier.yml").write_text("{}\n", encoding="utf-8")
    os.environ["COOKIECUTTER_CONFIG"] = str(home / "cookiecutter.yml")
    os.environ["COPIER_SETTINGS_PATH"] = str(home / "copier.yml")
    os.environ["COPIER_CACHE_DIR"] = str(home / "copier")


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give copier.yml and template/ without git, which renders fastest."""
    folder = tmp_path_factory.mktemp("snapshot")
    shutil.copy2(ROOT / "copier.yml", folder)
    skipped = shutil.ignore_patterns("__pycache__", "*.py[co]", ".*_cache")
    shutil.copytree(ROOT / "template", folder / "template", ignore=skipped)
    return folder


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a clone of this repository with the work tree as it is, released as v999.0.0."""
    folder = tmp_path_factory.mktemp("repository") / "copier-accelerate"
    git(ROOT, "clone", "-q", str(ROOT), str(folder))
    overlay(folder)
    commit(folder, "v999.0.0")
    git(folder, "gc", "-q", "--prune=now")  # few files, for it is copied many times
    return folder


# The files a user makes their own.
OWNED = ("data.py", "model.py", "train.py", "configs/train.yaml")
OLDER = "# A line of the older release."


def _age(template: Path) -> None:
    """Make a template an older one: a last line more in most files, a file more, one less."""
    for path in sorted(template.rglob("*")):
        marked = re.search(r"\.(py|ya?ml|toml)(\.jinja)?$", path.name)
        if path.is_file() and marked and "answers_file" not in path.name:
            text = path.read_text(encoding="utf-8")
            path.write_text(f"{text}{OLDER}\n", encoding="utf-8")
    package = template / "project" / "{{ package }}"
    plain = [path for path in sorted(package.rglob("[a-z]*.py")) if path.name not in OWNED]
    plain[-1].unlink()
    (package / "gone.py").write_text('"""A file that the newer release has dropped."""\n')


@pytest.fixture(scope="session")
def history(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository of two releases: v998.0.0, older in many files, and v999.0.0."""
    folder = tmp_path_factory.mktemp("history") / "copier-accelerate"
    git(repository, "clone", "-q", str(repository), str(folder))
    git(folder, "tag", "-d", "v999.0.0")
    _age(folder / "template")
    commit(folder, "v998.0.0")
    git(folder, "rm", "-rq", ".")
    git(folder, "checkout", "-q", "HEAD~1", "--", ".")
    commit(folder, "v999.0.0")
    git(folder, "gc", "-q", "--prune=now")
    return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the workers of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


def slot(key: dict | list) -> str:
    """Give a name in the shared folder for what these words make."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]


@pytest.fixture(scope="session")
def render(
    snapshot: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Give a function that renders answers once and gives the project's folder, to read only."""

    def rendered(**answers) -> Path:
        folder = shared / slot(answers)
        if not folder.exists():
            # Made beside and renamed, so that no worker sees half a project.
            made = tmp_path_factory.mktemp("render")
            copy(snapshot, made / "project", answers)
            try:
                made.rename(folder)
            except OSError:
                shutil.rmtree(made)  # another worker was faster
        return folder / "project"

    return rendered


# The drills: each tells of its trials, and a table at the end tells of all drills.


@pytest.fixture(scope="session")
def nursery(render: Callable[..., Path]) -> Iterator:
    """Give what starts the processes of rendered projects, warm (drills.py)."""
    import drills  # here, because it imports torch

    nursery = drills.Nursery(render())
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def teacher(render: Callable, nursery, shared: Path) -> Callable:
    """Give a function that gives the run of a task's lean project, for others to learn from."""

    def trained(task: str, *settings: str) -> Path:
        folder = shared / slot([task, *settings])
        with filelock.FileLock(f"{folder}.lock"):  # one worker trains it for all
            if not folder.exists():
                # Lean, whose settings all know, but for workers, which come with a source.
                row = rows.LEAN | {"task": task, "sources/folder": "--data.workers" in settings}
                lean = render(**rows.answers(row))
                life = nursery.live(lean, folder, "train", "--name", "run", *settings)
                assert life.codes == [0], life.output
        return folder / "here/runs/run"

    return trained


@pytest.fixture
def drill(record_property: Callable) -> Callable:
    """Give the context of a drill's trial, which counts what the trial did into a counter."""

    @contextlib.contextmanager
    def trial(name: str) -> Iterator[Counter]:
        seen = Counter(failures=1)
        try:
            yield seen
            del seen["failures"]
        finally:
            record_property("drill", [name, dict(seen)])

    return trial


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what the drills did over all workers, and what the rows that were trained reached."""
    drills: dict[str, Counter] = {}
    trained = []
    for report in (each for reports in terminalreporter.stats.values() for each in reports):
        if getattr(report, "when", None) != "call":
            continue
        told = [value for key, value in report.user_properties if key == "drill"]
        for name, seen in told:
            counts = Counter(trials=1, seconds=report.duration / len(told)) + Counter(seen)
            drills[name] = drills.get(name, Counter()) + counts
        rows = [value for key, value in report.user_properties if key == "row"]
        trained += [(report.duration, *row) for row in rows]
    if drills:
        terminalreporter.section("drills")
        terminalreporter.line(f"{'drill':36}{'trials':>8}{'failures':>10}{'seconds':>9}  seen")
    for name, counts in sorted(drills.items()):
        trials, failures, seconds = (counts.pop(x, 0) for x in ("trials", "failures", "seconds"))
        seen = ", ".join(f"{count} {what}" for what, count in counts.items())
        terminalreporter.line(f"{name:36}{trials:8}{failures:10}{seconds:9.0f}  {seen}")
    if trained:
        terminalreporter.section("trained rows")
        terminalreporter.line(f"{'seconds':>8}{'score':>8}{'steps':>7}{'peak MB':>9}  answers")
    for seconds, name, score, steps, megabytes in sorted(trained, key=lambda row: row[2]):
        terminalreporter.line(f"{seconds:8.1f}{score:8.4f}{steps:7}{megabytes:9}  {name}")
