"""Whatever is answered: all that is written parses, is lint-free and imports what it declares."""

import ast
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import rows
import yaml
from conftest import recorded

EVERY = rows.every()
QUESTIONS = rows.questions()
TEXTS = [name for name in QUESTIONS if name not in rows.answers(rows.LEAN)]

# Columns of a line, as in the formatter's settings; Markdown's tables can't be broken.
WIDTH = 100

# What a tool leaves in a project that it runs in.
LEFT = {"__pycache__", ".pytest_cache", ".ruff_cache", "runs"}

# Where a distribution is imported by another name than its own.
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}

# What is used without being imported, and the line of which file that shows in.
TOOLS = {
    "pre-commit": (".pre-commit-config.yaml", "repos:"),
    "pre-commit-hooks": (".pre-commit-config.yaml", "        entry: check-yaml"),
    "pytest-xdist": ("pyproject.toml", 'addopts = "-n 2"'),
    "ruff": ("pyproject.toml", "[tool.ruff]"),
}

# Inside these an import happens when it is needed, not when the module is.
LAZY = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try)


def texts(folder: Path) -> dict[str, str]:
    """Give the text of each of a project's files by path."""
    places = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    kept = {place: path for place, path in sorted(places.items()) if not LEFT & set(place.parts)}
    return {place.as_posix(): path.read_bytes().decode() for place, path in kept.items()}


def python(folder: Path) -> dict[str, ast.Module]:
    """Give the syntax tree of each Python file by path."""
    found = texts(folder)
    return {place: parse(text) for place, text in found.items() if place.endswith(".py")}


@cache
def parse(text: str) -> ast.Module:
    """Parse Python; most of the files are the same in most of the rows."""
    return ast.parse(text)


# The checks: each gives what it has against a project, one line per complaint.


def unique(node: yaml.Node | None) -> None:
    """Refuse keys that stand twice, of which YAML takes the last without a word."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a key stands twice among {keys}")
    if isinstance(node, yaml.CollectionNode):
        for value in itertools.chain.from_iterable(
            entry if isinstance(entry, tuple) else (entry,) for entry in node.value
        ):
            unique(value)


PARSERS = {
    ".py": parse,
    ".toml": tomllib.loads,
    ".json": json.loads,
    ".yaml": cache(lambda text: unique(yaml.compose(text, yaml.SafeLoader))),
}
PARSERS[".yml"] = PARSERS[".yaml"]


def syntax(folder: Path) -> Iterator[str]:
    """Complain of files that don't parse."""
    for place, text in texts(folder).items():
        try:
            PARSERS.get(PurePosixPath(place).suffix, str)(text)
        except (SyntaxError, ValueError, yaml.YAMLError) as error:
            yield f"{place}: {error}"


# As the template writes them, `{{ word }}`, and careless ones; `{"a": {"b": 1}}` and the {{{x}}} of
# an f-string are none of it.
TAG = re.compile(r"(?<!\{)\{\{(?!\{)|\{%|\{#|#%|%#|\s%\}|\s\}\}")
FOREIGN = {".yml": r"\$\{\{ .*? \}\}", ".sh": r"\$\{#\w+"}


def tags(folder: Path) -> Iterator[str]:
    """Complain of tags that Jinja should have taken away."""
    for place, text in texts(folder).items():
        legitimate = FOREIGN.get(PurePosixPath(place).suffix)
        for line in (re.sub(legitimate, "", text) if legitimate else text).splitlines():
            if TAG.search(line):
                yield f"{place}: a tag is left in {line!r}"


NAME = re.compile(r"\.?[A-Za-z0-9_][\w-]*(\.[\w-]+)*")
EMPTY = re.compile(r"(None|True|False)?(\.(py|ya?ml|toml|json|md|sh|txt|jinja))?")


def names(folder: Path) -> Iterator[str]:
    """Complain of names that an empty answer left odd, and of files with nothing in them."""
    found = texts(folder)
    for place, text in found.items():
        for part in PurePosixPath(place).parts:
            if not NAME.fullmatch(part) or EMPTY.fullmatch(part) or part.endswith(".jinja"):
                yield f"{place}: {part!r} is an odd name"
        if not text.strip():
            yield f"{place}: empty"
    places = {str(each) for place in found for each in (place, *PurePosixPath(place).parents)}
    if len({place.lower() for place in places}) < len(places):
        yield "two names differ only in upper and lower case"


def layout(folder: Path) -> Iterator[str]:
    """Complain of what a branch of a template leaves behind: long or blank lines, stray space."""
    for place, text in texts(folder).items():
        if "\r" in text or not text.endswith("\n") or text.endswith("\n\n"):
            yield f"{place}: lines don't end in one newline each"
        blank = "\n\n\n" if place.endswith(".py") else "\n\n"
        if text.startswith("\n") or (f"\n{blank}" in text and place != "LICENSE"):
            yield f"{place}: too many blank lines"
        width = sys.maxsize if place.endswith(".md") else WIDTH
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip() or "\t" in line or len(line) > width:
                yield f"{place}:{number}: over {WIDTH} columns, a tab, or space at the end"


def distribution(requirement: str) -> str:
    """Give the distribution that a line of dependencies names."""
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def imported(node: ast.AST, lazy: bool = False) -> Iterator[tuple[ast.Import, bool]]:
    """Give the imports in a syntax tree, each with whether it waits until it is needed."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, lazy
        else:
            yield from imported(child, lazy or isinstance(child, LAZY))


def paths(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Give the dotted paths that an absolute import reaches for."""
    module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    return [f"{module}{alias.name}" for alias in node.names]


def bound(tree: ast.Module) -> set[str]:
    """Give the names that a module has once it is imported."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        else:
            stored = (each for each in ast.walk(node) if isinstance(each, ast.Name))
            found |= {each.id for each in stored if isinstance(each.ctx, ast.Store)}
    return found


def relative(place: str, node: ast.ImportFrom, trees: dict[str, ast.Module]) -> Iterator[str]:
    """Complain of a relative import that finds no module, or not the names in it."""
    parents = PurePosixPath(place).parents
    base = parents[node.level - 1] / (node.module or "").replace(".", "/")
    module = next((p for p in (f"{base}.py", f"{base}/__init__.py") if p in trees), None)
    known = bound(trees[module]) if module else set()
    known |= {PurePosixPath(p).stem for p in trees if PurePosixPath(p).parent == base}
    for alias in node.names:
        if alias.name not in known:
            yield f"{place}:{node.lineno}: there is no {alias.name} in {base}"


def tools(folder: Path) -> set[str]:
    """Give the distributions that a project uses without importing them."""
    found = texts(folder)
    return {
        name for name, (place, line) in TOOLS.items() if line in found.get(place, "").split("\n")
    }


def imports(folder: Path) -> Iterator[str]:
    """Complain of imports that nothing declared brings, and of dependencies without an import."""
    trees = python(folder)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = project["name"].replace("-", "_")
    runtime = {distribution(line) for line in project["dependencies"]}
    extras = project.get("optional-dependencies", {})
    optional = {distribution(x) for name, lines in extras.items() if name != "dev" for x in lines}
    develop = {distribution(line) for line in extras.get("dev", [])}
    used, tested = set(), set()
    for place, tree in trees.items():
        tests = place.startswith("tests/")
        siblings = {PurePosixPath(other).stem for other in trees if tests}
        allowed = runtime | (optional | develop if tests else set())
        for node, lazy in imported(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield from relative(place, node, trees)
                continue
            (tested if tests else used).update(
                part.lower() for path in paths(node) for part in path.split(".")
            )
            for top in {path.split(".")[0] for path in paths(node)}:
                known = top in sys.stdlib_module_names or top == package or top in siblings
                declared = allowed | (optional if lazy else set())
                if not known and distribution(DISTRIBUTIONS.get(top, top)) not in declared:
                    yield f"{place}:{node.lineno}: {top} is no dependency"
    modules = {distribution: module for module, distribution in DISTRIBUTIONS.items()}
    for declared, seen in ((runtime | optional, used), (develop - {project["name"]}, tested)):
        for name in declared - tools(folder):
            # By its beginning: a tracker is also torch.utils.tensorboard, or TrackioTracker.
            module = modules.get(name, name.replace("-", "_")).lower()
            if not any(part.startswith(module) for part in seen):
                yield f"pyproject.toml: {name} is a dependency, but nothing imports it"


CHECKS = (syntax, tags, names, layout, imports)


def ruff(folders: list[Path]) -> str:
    """Give what ruff has against projects, each with its own settings, and nothing twice."""

    def run(*command: str) -> subprocess.CompletedProcess:
        line = [sys.executable, "-m", "ruff", *command, "--no-cache", *map(str, folders)]
        return subprocess.run(line, capture_output=True, encoding="utf-8")

    done = [run("check", "--output-format=concise"), run("format", "--check")]
    said = "".join(each.stdout + each.stderr for each in done if each.returncode)
    # It is pleased with no files, too.
    seen = run("check", "--show-files").stdout.split("\n")
    if sum(line.endswith(".py") for line in seen) < sum(len(python(each)) for each in folders):
        said += "some files are left out"
    lines = re.sub("|".join(re.escape(str(folder)) for folder in folders), "", said).splitlines()
    return "\n".join(dict.fromkeys(lines))


def assert_none(faults: Iterable[tuple[str, dict]]) -> None:
    """Say each fault once, however many rows have it, with the first that does."""
    first = {}
    for fault, row in faults:
        first.setdefault(fault, rows.name(row))
    assert not first, "\n".join(f"{fault} (in {row})" for fault, row in first.items())


def everything(render: Callable[..., Path]) -> list[tuple[dict, Path]]:
    """Give every row with its project; each worker begins elsewhere, so that none renders twice."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = len(EVERY) * worker // count
    for row in EVERY[start:] + EVERY[:start]:
        render(**rows.answers(row))
    return [(row, render(**rows.answers(row))) for row in EVERY]


# In front, for several workers share these renders best.
@pytest.mark.parametrize("row", EVERY, ids=rows.name)
def test_all_answers_are_recorded(row, render):
    project = render(**rows.answers(row))
    said = {k: v for k, v in recorded(project).items() if not k.startswith("_")}
    defaults = {name: question["default"] for name, question in QUESTIONS.items()}
    assert said == defaults | rows.answers(row)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_projects(check, render):
    assert_none((fault, row) for row, project in everything(render) for fault in check(project))


def test_ruff_is_pleased(render):
    said = ruff([project for _, project in everything(render)])
    assert not said, said


@pytest.mark.deep
def test_every_triple_of_answers_is_clean(render):
    every = [(row, render(**rows.answers(row))) for row in rows.pairs(3)]
    assert not rows.missing([row for row, _ in every], 3)
    assert_none(
        (fault, row) for row, project in every for check in CHECKS for fault in check(project)
    )
    said = ruff([project for _, project in every])
    assert not said, said


PROJECT = """[project]
name = "x"
dependencies = ["torch>=2", "scikit-learn"]
[project.optional-dependencies]
hub = ["datasets"]
dev = ["pytest", "x[hub]"]
"""
GOOD = {
    "pyproject.toml": PROJECT,
    "x/__init__.py": '"""X."""\n',
    "x/model.py": '"""M."""\n\nimport torch\nfrom sklearn import svm\n\nA: dict = {torch: svm}\n',
    "x/hub.py": (
        '"""H."""\n\nfrom .model import A\n\n\ndef load():\n    import datasets\n\n'
        '    return datasets, {"a": {"b": A}}, f"{{{A}}}", f"{A:.0%}"\n'
    ),
    "x/parts/__init__.py": '"""P."""\n\nfrom .. import model\nfrom ..hub import load\n\n'
    "print(load, model)\n",
    "tests/conftest.py": '"""C."""\n\nimport pytest\n\nprint(pytest)\n',
    "tests/test_x.py": '"""T."""\n\nimport conftest\nimport datasets\n\nconftest.a(datasets)\n',
    ".github/ci.yml": "a: ${{ github.ref }}\n",
    "run.sh": "echo ${#names[@]}\n",
}
CASE = pytest.mark.skipif(sys.platform != "linux", reason="the two would be one file")
BAD = [
    (syntax, "x/model.py", "def x(:\n"),
    (syntax, "a.toml", "a = \n"),
    (syntax, "a.json", "{,}\n"),
    (syntax, "a.yaml", "a: [\n"),
    (syntax, "a.yml", "a:\n  - {b: 1, c: 2, b: 3}\n"),
    (tags, "x/model.py", "a = '{{ package }}'\n"),
    (tags, "x/model.py", "a = f'{{package}}'\n"),
    (tags, "x/model.py", "#% if ema %#\n"),
    (tags, "a.md", "{% if ema %}\n"),
    (tags, "a.md", "{# a word #}\n"),
    (tags, "a.yaml", "name: { package }}\n"),
    (tags, "a.yaml", "name: ${{ package }}\n"),
    (tags, ".github/ci.yml", "name: ${{ github.ref }} {{ package }}\n"),
    (names, ".py", "a = 1\n"),
    (names, ".yaml", "a: 1\n"),
    (names, "x/None.py", "a = 1\n"),
    (names, "True/a.py", "a = 1\n"),
    (names, "{{ package }}.py", "a = 1\n"),
    (names, "a.py.jinja", "a = 1\n"),
    (names, "x y.py", "a = 1\n"),
    pytest.param(names, "x/Model.py", "a = 1\n", marks=CASE),
    pytest.param(names, "X", "a = 1\n", marks=CASE),
    (names, "a.md", "\n"),
    (layout, "a.md", "a\n\n"),
    (layout, "a.md", "a"),
    (layout, "a.md", "a\r\n"),
    (layout, "a.md", "a \n"),
    (layout, "a.md", "a\tb\n"),
    (layout, "a.md", "\na\n"),
    (layout, "a.md", "a\n\n\nb\n"),
    (layout, "x/model.py", "a\n\n\n\nb\n"),
    (layout, "x/model.py", f"a = {'1' * 97}\n"),
    (imports, "x/a.py", "import numpy\n"),
    (imports, "x/a.py", "from PIL import Image\n"),
    (imports, "x/a.py", "import datasets\n"),
    (imports, "x/a.py", "def a():\n    import pytest\n"),
    (imports, "x/a.py", "import conftest\n"),
    (imports, "tests/test_x.py", "import numpy\n"),
    (imports, "x/a.py", "from .gone import a\n"),
    (imports, "x/a.py", "from .model import gone\n"),
    (imports, "x/parts/a.py", "from .model import A\n"),
    (imports, "x/a.py", "def a():\n    from . import gone\n"),
    (imports, "pyproject.toml", PROJECT.replace("torch>=2", 'torch>=2", "tqdm')),
    (imports, "pyproject.toml", PROJECT.replace(', "scikit-learn"', "")),
    (imports, "pyproject.toml", PROJECT.replace('"datasets"', '"datasets", "pandas"')),
    (imports, "pyproject.toml", PROJECT.replace('"pytest"', '"pytest", "numpy"')),
    (imports, "pyproject.toml", PROJECT.replace('"pytest"', '"pytest", "ruff"')),
    (ruff, "x/model.py", "import torch\n"),
    (ruff, "x/model.py", "a=1\n"),
    (ruff, "pyproject.toml", f'{PROJECT}[tool.ruff]\nexclude = ["x"]\n'),
]


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a project."""
    for place, text in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(text.encode())
    return folder


@pytest.mark.parametrize("check", [*CHECKS, lambda folder: ruff([folder])])
def test_checks_let_good_code_pass(check, tmp_path):
    assert not list(check(write(tmp_path, GOOD)))


@pytest.mark.parametrize(("check", "place", "text"), BAD)
def test_checks_find_what_is_bad(check, place, text, tmp_path):
    folder = write(tmp_path, GOOD | {place: text})
    assert ruff([folder]) if check is ruff else list(check(folder))


# Nothing is dead: neither a file of the template, nor a line, nor an answer.


JINJA = re.compile(r"#%.*?%#|\{\{.*?\}\}")


# A tag that goes over several lines.
LONG = re.compile(r"#%(?:(?!%#)[^\n])*\n(?:(?!%#).)*%#\n", re.DOTALL)


def unrendered(sources: dict[str, str], outputs: set[str]) -> Iterator[str]:
    """Name the files, and the lines of the others, that come out for no row."""
    lines = {line for text in outputs for line in text.splitlines()}
    for place, source in sources.items():
        source = LONG.sub("", source)
        if not JINJA.search(source.replace("${{", "")):
            if not any(source in text for text in outputs):
                yield place
            continue
        for line in set(source.splitlines()) - lines:
            around = [part.strip() for part in JINJA.split(line)]
            if len(around) == 1 or not all(any(x in each for each in lines) for x in around):
                yield f"{place}: {line}"


def test_every_line_of_the_template_is_rendered(snapshot, render):
    projects = [project for _, project in everything(render)]
    # What two sources together, or a task, bring is in no pair.
    projects += [render(**rows.answers(rows.full(task=task))) for task in rows.factors()["task"]]
    outputs = {text for project in projects for text in texts(project).values()}
    template = snapshot / "template"
    sources = {
        p: t for p, t in texts(template).items() if not (template / p).match("*/template/*.yml")
    }
    dead = list(unrendered(sources, outputs))
    assert not dead, "\n".join(dead)


def test_dead_lines_are_found():
    sources = {
        "whole": "a\nb\n",
        "dead": "b\na\n",
        "some": "#% if x %#\na\n#% else %#\nam\n#% endif %#\nname: {{ x }} # b\n",
        "tagged": "gone: {{ x }} # b\n",
        "workflow": "${{ x }}\n",
    }
    outputs = {"a\nb\n", "a\nname: y # b\n", "${{ x }}\n"}
    found = ["dead", "some: am", "tagged: gone: {{ x }} # b"]
    assert list(unrendered(sources, outputs)) == found


def output(render: Callable[..., Path], **answers) -> dict[str, str]:
    """Give what is written for some answers, other than the record of them."""
    return {k: v for k, v in texts(render(**answers)).items() if k != ".copier-answers.yml"}


@pytest.mark.parametrize("factor", rows.factors())
def test_every_answer_changes_the_output(factor, render):
    every = [rows.LEAN | {factor: value} for value in rows.factors()[factor]]
    outputs = [output(render, **rows.answers(row)) for row in every if rows.allowed(row)]
    assert all(one != other for one, other in itertools.combinations(outputs, 2))


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_changes_the_output(name, render):
    lean, text = rows.answers(rows.LEAN), f"Another {QUESTIONS[name]['default']}"
    assert output(render, **lean) != output(render, **lean, **{name: text})
