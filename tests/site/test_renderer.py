"""The third door: what the site's renderer writes is what Copier writes, byte for byte."""

import io
import json
import zipfile

import pytest
import rows
from ask import Refused
from conftest import copy, differences, tree
from renderer import Template, packed

QUESTIONS = rows.questions().items()
TEXTS = [name for name, said in QUESTIONS if said["type"] == "str" and "choices" not in said]


@pytest.fixture(scope="module")
def template(snapshot) -> Template:
    """Give the renderer on the template as it lies here, its questions through JSON and back."""
    return Template(snapshot, json.loads(json.dumps(rows.settings())))


def written(folder) -> dict:
    """Give what Copier wrote: by path, whether it can be executed, and its bytes."""
    return {path: (bool(mode), content) for path, (mode, content) in tree(folder).items()}


def unpacked(archive: bytes) -> dict:
    """Give what lies in a ZIP of the site."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return {
            entry.filename.partition("/")[2]: (
                bool(entry.external_attr >> 16 & 0o111),
                files.read(entry),
            )
            for entry in files.infolist()
        }


@pytest.mark.parametrize("row", rows.every(), ids=rows.name)
def test_equals_copier(row, template, snapshot, render):
    given = rows.answers(row)
    folder = render(**given)
    files = template.render(given, str(snapshot))
    assert not differences(files, written(folder))
    assert not differences(unpacked(packed(files, "project")), written(folder))


@pytest.mark.parametrize("text", ["Ä 'quoted' \"text\" #1: {{ x }}", "yes", "12", "a\\b % $HOME"])
def test_texts_equal_copiers(text, template, snapshot, tmp_path):
    given = dict.fromkeys(TEXTS, text)
    given = {name: text for name in TEXTS if name not in refusals(template, given)}
    assert given
    folder = copy(snapshot, tmp_path / "project", given)
    assert not differences(template.render(given, str(snapshot)), written(folder))


def refusals(template: Template, given: dict) -> dict:
    """Give what the renderer has against answers."""
    return template.context(given, "here", None, "project")[1]


@pytest.mark.parametrize("pair", sorted(map(sorted, rows.excluded()), key=str)[::7], ids=str)
def test_refuses_what_copier_refuses(pair, template, snapshot, tmp_path):
    given = rows.answers(rows.lean() | dict(pair))
    wrong = refusals(template, given)
    assert wrong
    with pytest.raises(ValueError, match="alid") as told:
        copy(snapshot, tmp_path / "project", given)
    assert next(iter(wrong.values())) in str(told.value)
    with pytest.raises(Refused):
        template.render(given, str(snapshot))


ODD = {
    "a setting": ({"_jinja_extensions": ["some.extension"]}, {}),
    "a pattern": ({"_exclude": ["docs/*.md"]}, {}),
    "a word of a question": ({"token": {"default": "", "secret": True}}, {}),
    "a word of a choice": ({"size": {"default": 1, "choices": {"One": {"value": 1, "x": 2}}}}, {}),
    "a loop in a text": ({}, {"a.jinja": "{% yield x from [1] %}{{ x }}{% endyield %}"}),
    "a path twice": ({}, {"a.jinja": "", "{{ 'a' }}.jinja": ""}),
}


@pytest.mark.parametrize("what", ODD)
def test_what_it_does_not_know_fails(what, tmp_path):
    said, files = ODD[what]
    (tmp_path / "project").mkdir()
    for name, text in files.items():
        (tmp_path / "project" / name).write_text(text)
    with pytest.raises(NotImplementedError):
        Template(tmp_path, {"_subdirectory": "project", **said}).render({}, "here")


def test_a_link_fails(tmp_path):
    (tmp_path / "a").symlink_to("b")
    with pytest.raises(NotImplementedError):
        Template(tmp_path, {}).render({}, "here")
