"""The promises of texts of one's own: what is read, and which mistakes are named."""

import csv
import json
#% if 'folder' in sources %#
import re
#% endif %#
from collections.abc import Callable
from pathlib import Path

import pytest
#% if 'folder' in sources and 'hub' in sources %#
from test_training import assert_equal
#% endif %#

TINY = ["--data.batch_size", "4", "--duration", "6 steps", "--schedule.warmup", "0 steps"]
WORDS = ['It was, they say,\nthe "best" film', "the worst film;\tlong", "Größe film 10 été", "film"]


def rows(count: int) -> list[dict[str, str]]:
    """Return texts of several lines, quotes and letters, with labels."""
    return [
        {"id": f"{n}", "text": f"{WORDS[n % 4]} {n % 5}", "label": ("bad", "good")[n % 2]}
        for n in range(count)
    ]


def write(path: Path, found: list[dict[str, str]]) -> None:
    """Write rows as a table or as lines of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in found)
        else:
            separator = {".csv": ",", ".tsv": "\t"}[path.suffix]
            table = csv.DictWriter(file, ["id", "text", "label"], delimiter=separator)
            table.writeheader()
            table.writerows(found)


@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all texts of both parts, and the spec."""

    def read(**settings) -> tuple[list, object]:
        data = module("data")
        loaders, spec = data.build_loaders(data.DataConfig(**settings), 0)
        parts = (loader.dataset for loader in loaders.values())
        return [part[list(range(len(part)))] for part in parts], spec

    return read
#% if 'folder' in sources and 'hub' in sources %#


def test_every_form_gives_the_same(read, tmp_path, monkeypatch):
    for suffix in ("csv", "tsv", "jsonl"):
        for name, count in (("train", 24), ("test", 10)):
            write(Path(suffix, f"{name}.{suffix}"), rows(count))
    expected = read(root=Path("csv"))
    assert expected[1].classes == ["bad", "good"]
    assert [part["label"].bincount().tolist() for part in expected[0]] == [[12, 12], [5, 5]]
    for suffix in ("tsv", "jsonl"):
        assert_equal(read(root=Path(suffix))[0], expected[0])
    parts, _ = read(root=Path("csv/train.csv"))
    assert [len(part["label"]) for part in parts] == [20, 4]  # a fifth

    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    labels = datasets.ClassLabel(names=["bad", "good"])
    splits = datasets.load_dataset(str(Path("csv").resolve())).cast_column("label", labels)
    splits.save_to_disk("saved")
    Path("parquet").mkdir()
    for name, part in splits.items():
        part.to_parquet(f"parquet/{name}.parquet")
    for form in ("csv", "jsonl", "saved", "parquet"):
        assert_equal(read(hf=form)[0], expected[0])
    parts, _ = read(hf="parquet/train.parquet")
    assert [len(part["label"]) for part in parts] == [20, 4]
#% endif %#
#% if 'folder' in sources %#


def test_words_are_known_if_they_come_twice(module, read):
    write(Path("t.csv"), rows(24))
    (train, _), spec = read(root=Path("t.csv"), vocabulary=3, length=4)
    assert len(spec.words) == 3 and spec.words[0] == "film" and spec.vocabulary == 5
    assert train["tokens"].shape == (20, 4) and train["count"].max() == 4
    words = module("sources.tokens").Words(["film", "the", '"'])
    assert words.encode(["The FILM, again"], 3) == [[3, 2, 1]]
    assert words.decode([3, 2, 1]) == "the film ?"
    assert module("sources.tokens").choose_words(["b a b a c"], 9) == ["a", "b"]
#% endif %#
#% if 'folder' in sources %#


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "t.csv",
            "text,label\na,x\n,y\nb,\n",
            ["2 of 3 rows", "line 3 has no text", "line 4 has no label", "data.skip_broken"],
        ),
        ("t.csv", "text,label\na,x,y\nb,y\nc,y,z", ["2 of 3 rows", "line 2 (3 values for 2 col"]),
        ("t.csv", 'text,label\nb,y\n"a,x\n', ["t.csv, line 3", "unexpected end"]),
        ("t.csv", "text,text,label\na,b,x\n", ["column 'text' stands there twice"]),
        ("t.csv", "words,label\na,x\n", ["data.text", "no column text", "words"]),
        ("t.csv", "text,kind\na,x\n", ["data.label", "no column label", "kind"]),
        ("t.csv", "text,label\na,x\nb, x\n", ["t.csv has 1 labels; at least 2"]),
        ("t.csv", "text,label\n", ["t.csv has no rows"]),
        ("t.csv", b"text,label\na,x\n\xff,y\n", ["t.csv is not UTF-8", "data.encoding"]),
        ("t.jsonl", '{"text": "a", "label": 0}\nb\n[]', ["2 of 3 rows", "line 2 (not a JSON"]),
        ("t.jsonl", '{"text": "a"}\n', ["data.label", "no column label; it has text"]),
        ("t.txt", "a\n", ["t.txt is not a table; allowed: .csv, .tsv, .jsonl"]),
        ("x/y.pdf", "", ["no text in x; allowed: a file, or a folder with files of .txt"]),
        ("x/1.txt", "a", ["x has no rows"]),
    ],
)
def test_names_what_is_wrong(module, train, name, text, words):
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.root", name.split("/")[0])
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
#% endif %#
#% if 'folder' in sources %#


def test_names_labels_that_training_lacks(module, read):
    write(Path("t/train.csv"), rows(20))
    write(Path("t/test.csv"), [*rows(3), *({**row, "label": "ugly"} for row in rows(12))])
    with pytest.raises(module("core.errors").UserError) as caught:
        read(root=Path("t"))
    assert "12 of 15 rows" in str(caught.value) and "and 4 more" in str(caught.value)
    assert "the label 'ugly', which training lacks" in str(caught.value)
#% endif %#
#% if 'hub' in sources %#


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hf": "no/such/texts"}, ["no/such/texts"]),
        ({"hf": "t", "eval_split": "dev"}, ["no split dev", "train, test"]),
        ({"hf": "t", "text": "words"}, ["data.text", "no column words", "text, label"]),
    ],
    ids=["dataset", "split", "column"],
)
def test_names_what_is_wrong_with_a_dataset(module, read, tmp_path, monkeypatch, settings, words):
    pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    write(Path("t/train.csv"), rows(6))
    write(Path("t/test.csv"), rows(4))
    with pytest.raises(module("core.errors").UserError) as caught:
        read(**settings)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
#% endif %#
#% if 'folder' in sources %#


def test_check_tells_what_is_there(module, capsys):
    write(Path("t.csv"), rows(25))
    module("data").main(["--data.root", "t.csv"])
    told = capsys.readouterr().out
    assert re.search(r"train \d+ +evaluation \d+ +test \d+\n", told)
    assert "count [] int64: 2 to " in told
    assert re.search(r"bad +█+ +\d+ +\d+ +\d+\n", told)
    assert "good  the worst film ; long 1\n" in told
#% endif %#
