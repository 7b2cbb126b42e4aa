"""docs/techniques.md: every technique and tool has its row, and every test it names is there."""

import re

import pytest
import rows
from conftest import ROOT

DOC = (ROOT / "docs/techniques.md").read_text(encoding="utf-8")
TESTS = [*(ROOT / "template").glob("parts/**/test_*.py")]
TESTS += (ROOT / "template").glob("project/tests/**/*test_*")


def text_of(name: str) -> str:
    """Give the text of all files that become a project's tests of this name."""
    stem = name.removesuffix(".py")
    return "".join(path.read_text() for path in TESTS if re.search(rf"\b{stem}\.py", path.name))


@pytest.mark.parametrize("question", ["extras", "tools"])
def test_each_has_a_row_with_a_test(question):
    section = DOC.split(f"## Chosen: `{question}`")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|.*`test_\w+\.py::test_\w+` \|$", section, re.M)
    assert told == [*rows.choices(rows.questions()[question])]


def test_each_technique_has_its_cost():
    table = DOC.split("<!-- costs: ")[1].split("<!-- costs end")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == {
        *rows.choices(rows.questions()["extras"])
    }


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+\.py::test_\w+)`", DOC))))
def test_named_tests_are_there(name):
    file, _, test = name.partition("::")
    assert f"def {test}(" in text_of(file)


def test_names_that_are_not_there_would_be_missed():
    assert "def test_nothing(" not in text_of("test_ema.py")
    assert not text_of("test_nowhere.py")
