"""The budgets: how long what we write may be, measured on every row. `-s` prints the sizes."""

import ast
import io
import textwrap
import tokenize
import tomllib
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import rows
from test_render import assert_none, distribution, everything, parse, texts

# Lines of a file and of a function, columns of a line.
FILE, FUNCTION, WIDTH = 180, 60, 100
# The README has a line or two on each technique and tool that is chosen, and full has them all.
README = 230

# The loop in train(): lines and branches.
LOOP, BRANCHES = 40, 10

# Lines that one more answer may cost in train.py.
COST = 6

# The package of the lean and of the full row: all lines, and those that are code.
LINES = {"lean": 2850, "full": 6950}
CODE = {"lean": 1920, "full": 4600}

# The rooms from above to below: each imports from itself and those behind it. "" is the top.
ORDER = ("tools", "", "trackers", "extras", "task", "sources", "core", "settings")

# What a lean project needs to run.
NEEDED = {
    "accelerate",
    "annotated-types",
    "filelock",
    "numpy",
    "pillow",
    "pydantic",
    "pyyaml",
    "safetensors",
    "scikit-learn",
    "torch",
    "tqdm",
}

# Texts of others, which are as long as they are.
FOREIGN = {"LICENSE"}
# Tokens that are no code.
QUIET = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def package(project: Path) -> dict[str, str]:
    """Give the text of each of the package's files, by its path inside the package."""
    found = texts(project)
    inside = (place for place in found if place.startswith("digits/"))
    return {place.removeprefix("digits/"): found[place] for place in inside}


# What is measured.


@cache
def code_lines(text: str) -> int:
    """Count the lines that hold code: neither blank ones, nor comments, nor docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in QUIET and token.string:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def length(node: ast.stmt) -> int:
    """Give the lines that a statement takes."""
    return node.end_lineno - node.lineno + 1


def too_long(place: str, text: str) -> list[str]:
    """Name the file, its functions and its lines that are over their budgets."""
    found = []
    most = README if place == "README.md" else FILE
    if len(text.splitlines()) > most:
        found.append(f"{place}: {len(text.splitlines())} lines, at most {most}")
    if place.endswith(".py"):
        wide = (number for number, x in enumerate(text.splitlines(), 1) if len(x) > WIDTH)
        found += [f"{place}:{number}: over {WIDTH} columns" for number in wide]
        for node in ast.walk(parse(text)):
            if isinstance(node, ast.FunctionDef) and length(node) > FUNCTION:
                found.append(f"{place}: {node.name}() has {length(node)} lines, at most {FUNCTION}")
    return found


def loop(text: str) -> tuple[int, int]:
    """Count the lines and the branches of the loop in train()."""
    (train,) = (node for node in parse(text).body if getattr(node, "name", "") == "train")
    (loop,) = (node for node in train.body if isinstance(node, ast.While))
    return length(loop), sum(isinstance(node, ast.If | ast.IfExp) for node in ast.walk(loop))


def lost(short: str, long: str) -> str | None:
    """Give the first line of a text that another one doesn't hold in the same order.

    An import may bring more names there: what it brings here is what counts.
    """
    (names, lines), (others, rest) = map(imports, (short, long))
    if missing := names - others:
        return min(missing)
    rest = iter(rest)
    return next((line for line in lines if line not in rest), None)


def imports(text: str) -> tuple[set[str], list[str]]:
    """Give what a module imports at its top, and its other lines."""
    lines, names = text.splitlines(), set()
    for node in parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            place = "." * getattr(node, "level", 0) + (getattr(node, "module", "") or "")
            names |= {f"{place} {each.name}" for each in node.names}
            lines[node.lineno - 1 : node.end_lineno] = length(node) * [""]
    return names, lines


def reached(place: str, text: str, rooms: Collection[str]) -> Iterator[str]:
    """Give the room of each module of the package that one imports, wherever in it."""
    room = [*PurePosixPath(place).parent.parts]
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = room[: len(room) - node.level + 1]
            for alias in node.names:
                path = [*above, *(node.module or "").split("."), alias.name]
                yield next((part for part in filter(None, path) if part in rooms), "")


def upward(files: dict[str, str]) -> Iterator[str]:
    """Complain of the imports of a package's files that go up, or aside, from room to room."""
    rooms = {place.split("/")[0] for place in files if "/" in place and place.endswith(".py")}
    for place, text in files.items():
        if place.endswith(".py"):
            room = place.rpartition("/")[0]
            for other in sorted({*reached(place, text, rooms)}):
                if ORDER.index(other) < ORDER.index(room):
                    yield f"{place}: imports from {other or 'the top'}"


def cost(row: dict, factor: str, render: Callable[..., Path]) -> int:
    """Count the lines by which train.py grows from a row when a yes/no factor is switched on."""
    pair = (row | {factor: value} for value in (False, True))
    off, on = (package(render(**rows.answers(each)))["train.py"] for each in pair)
    return len(on.splitlines()) - len(off.splitlines())


# The budgets.


def test_files_functions_and_lines_are_short(render):
    assert_none(
        (fault, row)
        for row, project in everything(render)
        for place, text in texts(project).items()
        if place not in FOREIGN
        for fault in too_long(place, text)
    )


def test_the_loop_is_short(render):
    every = everything(render)
    sizes = [(*loop(package(project)["train.py"]), row) for row, project in every]
    too_much = (size for size in sizes if size[0] > LOOP or size[1] > BRANCHES)
    assert_none((f"{lines} lines, {branches} branches", row) for lines, branches, row in too_much)


def test_lean_stands_in_every_other(render):
    """What is chosen adds lines; it changes, moves and takes away none."""
    faults = []
    for row, project in everything(render):
        lean = package(render(**rows.answers(rows.LEAN | {"task": row["task"]})))
        other = package(project)
        found = {place: lost(text, other.get(place, "")) for place, text in lean.items()}
        faults += [(f"{p}: no {x!r} where it stood", row) for p, x in found.items() if x]
    assert_none(faults)


def test_rooms_import_downwards(render):
    assert_none((x, row) for row, project in everything(render) for x in upward(package(project)))


@pytest.mark.parametrize("factor", [x for x, v in rows.factors().items() if v == [False, True]])
def test_an_answer_costs_few_lines(factor, render):
    for row in (rows.LEAN, rows.FULL):
        if all(rows.allowed(row | {factor: value}) for value in (False, True)):
            assert 0 <= cost(row, factor, render) <= COST


def test_lean_needs_little(render):
    text = (render(**rows.answers(rows.LEAN)) / "pyproject.toml").read_text(encoding="utf-8")
    assert {distribution(x) for x in tomllib.loads(text)["project"]["dependencies"]} == NEEDED


def test_the_package_is_small(render):
    both = {"lean": rows.LEAN, "full": rows.FULL}
    found = {name: package(render(**rows.answers(row))) for name, row in both.items()}
    sizes = {
        (name, place): (code_lines(text), len(text.splitlines()))
        for name, files in found.items()
        for place, text in files.items()
    }
    print(f"\n{'':24}{'lean':>12}{'full':>12}\n{'':24}" + f"{'code':>6}{'lines':>6}" * 2)
    for place in sorted({place for _, place in sizes}):
        pair = [sizes.get((name, place), ("", "")) for name in found]
        print(f"{place:24}" + "".join(f"{each:>6}" for size in pair for each in size))
    totals = {
        name: tuple(sum(size[i] for (row, _), size in sizes.items() if row == name) for i in (0, 1))
        for name in found
    }
    print(f"{'all':24}" + "".join(f"{each:>6}" for size in totals.values() for each in size))
    print(f"{'limit':24}" + "".join(f"{x:>6}" for n in found for x in (CODE[n], LINES[n])))
    for name, (code, lines) in totals.items():
        assert code <= CODE[name] and lines <= LINES[name], name


# The measures can tell.

SAMPLE = '''"""A module.

Of two lines.
"""

import os  # code


class A:
    """A class."""

    b: int = 0
    """an attribute"""

    def c(self) -> str:
        # a comment

        return """text

        """ + os.sep
'''


def test_code_lines_are_counted():
    assert code_lines(SAMPLE) == 7
    assert code_lines('"""Only words."""\n\n# and more\n') == 0


def test_what_is_too_long_is_found():
    function = "def a():\n" + "    b()\n" * (FUNCTION - 1)
    assert not too_long("a.py", function)
    assert not too_long("a.py", "a()\n" * FILE)
    assert not too_long("a.py", f"{'a' * (WIDTH - 2)}()\n")
    assert too_long("a.py", f"{function}    b()\n")
    assert too_long("a.py", "class A:\n" + textwrap.indent(f"{function}    b()\n", "    "))
    assert too_long("a.py", "a()\n" * (FILE + 1))
    assert too_long("a.yaml", "a: 1\n" * (FILE + 1))
    assert too_long("a.py", f"{'a' * (WIDTH - 1)}()\n")


def test_the_loop_is_measured():
    text = (
        "def follow():\n    while True:\n        pass\n\n\n"
        "def train():\n    if a:\n        b\n"
        "    while a:\n        if b:\n            c = d if e else f\n"
        "        elif g:\n            h()\n    return a\n"
    )
    assert loop(text) == (5, 3)


def test_imports_that_go_up_are_found():
    files = {
        "data.py": "from .core.rng import mix\nfrom . import model\nfrom .sources import x\n",
        "model.py": "import os\nfrom .settings.data import DataConfig\n",
        "sources/x.py": "from ..core import rng\nfrom ..settings.data import A\n",
        "core/rng.py": "from .errors import E\n",
        "core/errors.py": "",
        "settings/data.py": "",
        "tools/report.py": "from ..data import x\nfrom .. import model\n",
        "train.yaml": "a: 1",
    }
    assert not [*upward(files)]
    wrong = {
        "model.py": ("from .tools.report import main\n", "tools"),
        "sources/x.py": ("from .. import model\n", "the top"),
        "core/rng.py": ("def a():\n    from ..data import x\n", "the top"),
        "settings/data.py": ("from ..core import rng\n", "core"),
    }
    for place, (text, room) in wrong.items():
        assert [*upward(files | {place: text})] == [f"{place}: imports from {room}"]


def test_lost_lines_are_found():
    assert lost("a\nc\n", "a\nb\nc\n") is None
    assert lost("a\nc\n", "a\nb\n") == "c"
    assert lost("a\nc\n", "c\na\n") == "c"
    assert lost("a\na\n", "a\n") == "a"
    assert lost("from .x import a\nb\n", "from .x import a, c\nb\n") is None
    assert lost("from .x import a\nb\n", "from .x import c\nb\n") == ".x a"
