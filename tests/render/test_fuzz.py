"""Whatever is typed or pasted as an answer: a sound project, or one clear line and nothing."""

import contextlib
import keyword
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import rows
import test_render
import yaml
from conftest import copy, recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_render import CHECKS, ruff, texts

QUESTIONS = rows.questions()
CHOSEN = [name for name in QUESTIONS if name in rows.answers(rows.LEAN)]
FULL = rows.answers(rows.FULL)

# What YAML, TOML, Python, Markdown, Jinja, a shell, a path or a terminal could trip over.
NASTY = """
{{ package }}|{{ 1/0 }}|#% if x %#|#% include 'copier.yml' %#|{% raw %}|{# x #}|{{|}}|%#|#}
$(id)|`id`|${HOME}|; rm -rf /|&& x|-rf|--trust|~|%s|%(x)s|\\|\\n|\\u0041|\\N{DASH}|'|"|'''|\"\"\"
../../up|/etc/passwd|C:\\x|\\\\host\\x|.|..|.git|CON|# c|: |- a|[a, b|{a: &b *b}|!!python/object:x
null|true|no|1e3|0x1f|2026-01-01|---|...|? x|@|<<<<<<< before|</b>|<!--|]]>|[x](y)|```
None|class|Import|torch|json|tests|digits|__init__|conftest|train|é|ß|数字|😀|\u0661|ⅷ|ﬁ
""".replace("\n", "|").split("|")[1:-1]
INVISIBLE = ["\0", "\a", "\t", "\n", "\r\n", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u200d", "\u2028"]
INVISIBLE += ["\u202e", "\ufeff", "\ufffe", "\ud800", "\U000e0001", " ", "  "]
pieces = st.sampled_from(NASTY) | st.sampled_from(INVISIBLE) | st.text(max_size=8)
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=1, max_size=6).map(" ".join),
    st.lists(pieces, max_size=6).map("".join),
    st.sampled_from(["x", "é ", "{{", "\n"]).map(lambda text: text * 10_000),
)
NAME = st.one_of(
    st.from_regex(r"\A[A-Za-z][A-Za-z0-9 _-]{0,70}\Z"),
    st.from_regex(r"\A[a-z]{1,60}\Z"),
    st.sampled_from([*keyword.kwlist, *sorted(sys.stdlib_module_names), *NASTY]).flatmap(
        lambda word: st.sampled_from([word, word.upper(), word.title(), word.replace("_", "-")])
    ),
    TEXT,
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = plain | st.lists(plain, max_size=3) | st.dictionaries(TEXT, plain, max_size=2)

some = settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
many = settings(some, derandomize=False, max_examples=400)


@contextlib.contextmanager
def written(template: Path, answers: dict) -> Iterator[Path | None]:
    """Give the project of some answers, or None if they were refused as they should be."""
    with tempfile.TemporaryDirectory() as beside:
        project = Path(beside) / "project"
        try:
            copy(template, project, answers)
        except yaml.YAMLError:
            project = None  # a list that isn't one: the words, on several lines, are PyYAML's
        except Exception as refusal:
            reason = str(refusal)
            assert len(reason.splitlines()) == 1 and reason.isprintable(), reason
            project = None
        if project is None:
            assert not list(Path(beside).iterdir())
        yield project


def check_name(template: Path, name: str) -> None:
    """See that a project of any name passes all that a rendered one has to."""
    with written(template, FULL | {"project_name": name}) as project:
        if project is None:
            return
        assert recorded(project)["project_name"] == name
        package = next(project.glob("*/train.py")).parent.name
        assert package.isidentifier() and package.isascii() and not keyword.iskeyword(package)
        assert package not in sys.stdlib_module_names
        # Of a comment with a command in it, that can be as long as the name makes it.
        with mock.patch.object(test_render, "WIDTH", 200):
            faults = [fault for check in CHECKS for fault in check(project)]
        assert not faults
        assert not ruff([project])


def check_texts(template: Path, usual: Path, description: str, author: str) -> None:
    """See that a text stands as it is where it belongs, and changes nothing elsewhere."""
    said = {"description": description, "author": author}
    with written(template, FULL | said) as project:
        if project is None:
            return
        found, expected = texts(project), texts(usual)
        for place in ("README.md", "LICENSE"):
            for name, text in said.items():
                expected[place] = expected[place].replace(QUESTIONS[name]["default"], text)
        # The usual one may have been rendered from another worker's copy of the template.
        source = {"_src_path": recorded(project)["_src_path"]}
        assert recorded(project) == recorded(usual) | source | said
        toml = [tomllib.loads(each.pop("pyproject.toml")) for each in (found, expected)]
        toml[1]["project"] |= {"description": description, "authors": [{"name": author}]}
        assert toml[0] == toml[1]
        for each in (found, expected):
            del each[".copier-answers.yml"]
        assert found == expected


def check_value(template: Path, render, name: str, value: object) -> None:
    """See that what is no answer is refused, or taken for one and for that one alone."""
    with written(template, {name: value}) as project:
        if project is None:
            return
        taken = recorded(project)[name]
        allowed = rows.choices(QUESTIONS[name])
        if QUESTIONS[name].get("multiselect"):
            assert set(taken) <= set(allowed)
        else:
            assert taken in (allowed or (False, True))
        assert texts(project) == texts(render(**{name: taken}))


@some
@given(name=NAME)
def test_any_name_is_sound_or_refused(name, snapshot):
    check_name(snapshot, name)


@some
@given(description=TEXT, author=TEXT)
def test_any_text_is_sound_or_refused(description, author, snapshot, render):
    check_texts(snapshot, render(**FULL), description, author)


@settings(some, max_examples=60)
@given(name=st.sampled_from(CHOSEN), value=VALUE)
def test_any_choice_is_sound_or_refused(name, value, snapshot, render):
    check_value(snapshot, render, name, value)


@pytest.mark.deep
@many
@given(name=NAME)
def test_many_names_are_sound_or_refused(name, snapshot):
    check_name(snapshot, name)


@pytest.mark.deep
@many
@given(description=TEXT, author=TEXT)
def test_many_texts_are_sound_or_refused(description, author, snapshot, render):
    check_texts(snapshot, render(**FULL), description, author)


@pytest.mark.deep
@many
@given(name=st.sampled_from(CHOSEN), value=VALUE)
def test_many_choices_are_sound_or_refused(name, value, snapshot, render):
    check_value(snapshot, render, name, value)
