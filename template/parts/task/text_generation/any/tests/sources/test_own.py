"""The promises of text of one's own: each byte is there once, and which mistakes are named."""

#% if 'hub' in sources %#
import json
#% endif %#
#% if 'folder' in sources %#
import re
#% endif %#
from collections.abc import Callable
from pathlib import Path

import pytest
#% if 'folder' in sources and 'hub' in sources %#
from test_training import assert_equal
#% endif %#

TEXTS = [f"Text {number}: 语言 {'x' * (number % 9)}\n" for number in range(40)]


@pytest.fixture
def files() -> Path:
    """Return a folder of 40 text files."""
    Path("files").mkdir()
    for number, text in enumerate(TEXTS):
        Path(f"files/{number:02}.txt").write_text(text)
    return Path("files")
#% if 'hub' in sources %#


@pytest.fixture
def forms(files, monkeypatch) -> Path:
    """Return a folder with the same texts in forms that the datasets library reads."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path("cache"))
    rows = datasets.Dataset.from_dict({"number": list(range(40)), "text": TEXTS})
    for folder in ("forms/named", "forms/parquet"):
        Path(folder).mkdir(parents=True)
    rows.to_parquet("forms/parquet/all.parquet")
    rows.to_json("forms/rows.jsonl")
    rows.rename_column("text", "said").to_csv("forms/named/all.csv")
    datasets.DatasetDict({"train": rows}).save_to_disk("forms/saved")
    return Path("forms")
#% endif %#


@pytest.fixture
def read(module) -> Callable:
    """Return a function that reads all of both parts."""

    def read(**settings) -> list[dict]:
        loaders, _ = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        return [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]

    return read


def predicted(part: dict) -> list[bytes]:
    """Return the bytes of each block that are predicted."""
    rows = zip(part["text"].tolist(), part["length"].tolist(), strict=True)
    return [bytes(text[1 : length + 1]) for text, length in rows]
#% if 'folder' in sources %#


@pytest.mark.parametrize("block", [1, 7, 64, 5000])
def test_packed_blocks_hold_each_byte_once(read, files, block):
    train, held_out = (b"".join(predicted(part)) for part in read(root=files, block=block))
    size = sum(len(text.encode()) + 1 for text in TEXTS)
    assert len(train) + len(held_out) == size
    assert len(held_out) == pytest.approx(size / 10, rel=0.6)
    found = sorted((train + held_out).split(b"\xff"))
    assert found == sorted([b"", *(text.encode() for text in TEXTS)])
#% endif %#
#% if 'folder' in sources %#


def test_blocks_of_their_own_are_cut_or_padded(read, files):
    train, held_out = read(root=files, block=20, packed=False)
    assert [len(part["length"]) for part in (train, held_out)] == [36, 4]
    found = sorted(predicted(train) + predicted(held_out))
    assert found == sorted((text.encode() + b"\xff")[:20] for text in TEXTS)
    assert all(part["text"][:, 0].eq(0xFF).all() for part in (train, held_out))
    lengths = {len(text) for text in found}
    assert 20 in lengths and len(lengths) > 1 and train["text"].shape[1] == 21
#% endif %#
#% if 'folder' in sources %#


def test_lines_of_a_file_are_documents_of_their_own(read):
    Path("lines.txt").write_text("one\n\ntwo\r\nthree 语\n")
    train, held_out = read(root=Path("lines.txt"), packed=False)
    found = predicted(train) + predicted(held_out)
    assert sorted(found) == sorted(x.encode() + b"\xff" for x in ("one", "two", "three 语"))
#% endif %#
#% if 'folder' in sources %#


def test_folders_say_what_is_held_out(read):
    for name, text in (("train", "to train on"), ("test", "to test")):
        Path("root", name).mkdir(parents=True)
        Path("root", name, "a.txt").write_text(text)
    train, held_out = read(root=Path("root"))
    assert [predicted(train), predicted(held_out)] == [[b"to train on\xff"], [b"to test\xff"]]
#% endif %#
#% if 'folder' in sources and 'hub' in sources %#


def test_datasets_library_gives_what_the_files_hold(read, files, forms):
    for form in ("parquet", "rows.jsonl", "saved"):
        assert_equal(read(root=files), read(hf=str(forms / form)))
    assert_equal(read(root=files), read(hf=str(forms / "named"), column="said"))
#% endif %#
#% if 'hub' in sources %#


def test_splits_of_a_dataset_are_taken(read, forms):
    datasets = pytest.importorskip("datasets")
    rows = {name: datasets.Dataset.from_dict({"text": [name]}) for name in ("train", "test", "dev")}
    datasets.DatasetDict(rows).save_to_disk("splits")
    found = [[b"train\xff"], [b"dev\xff"], [b"test\xff"]]
    assert [predicted(part) for part in read(hf="splits")] == found
    train, held_out = read(hf="splits", train_split="test", eval_split="dev")
    assert [predicted(train), predicted(held_out)] == [[b"test\xff"], [b"dev\xff"]]
#% endif %#
#% if 'folder' in sources %#


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"root": Path("none")}, ["no text in none", ".txt, .md"]),
        ({"root": Path("damaged.txt")}, ["damaged.txt", "line 3 is not UTF-8", "data.encoding"]),
        ({"root": Path("damaged.txt"), "encoding": "no"}, ["data.encoding: there is no no"]),
        ({"root": Path("empty.txt")}, ["no text to train on in empty.txt"]),
        ({"root": Path("one.txt"), "packed": False}, ["1 different documents", "more text"]),
        ({"root": Path("one.txt"), "test": 0.1}, ["1 different pieces", "train, evaluation, test"]),
        ({"root": Path("half")}, ["no text in the part for evaluation"]),
        ({"root": Path("rows.jsonl")}, ["data.column: rows.jsonl has no column text", "said, n"]),
    ],
    ids=["missing", "damaged", "encoding", "empty", "one", "small", "half", "column"],
)
def test_names_what_is_wrong_with_files(module, read, settings, words):
    Path("damaged.txt").write_bytes(b"a\nb\nc \xe9 d\n")
    Path("empty.txt").touch()
    Path("one.txt").write_text("one line\n")
    Path("rows.jsonl").write_text('{"said": "b", "n": 1}\n')
    for name, text in (("train", "text"), ("test", "")):
        Path("half", name).mkdir(parents=True)
        Path("half", name, "a.txt").write_text(text)
    with pytest.raises(module("core.errors").UserError) as caught:
        read(**settings)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
#% endif %#
#% if 'hub' in sources %#


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hf": "no/such/text"}, ["no/such/text"]),
        ({"hf": "forms/saved", "train_split": "all"}, ["no split all", "allowed: train"]),
        ({"hf": "forms/saved", "column": "said"}, ["data.column", "said", "number, text"]),
        ({"hf": "forms/saved", "column": "number"}, ["row 0 of train", "column number"]),
        ({"hf": "broken.jsonl"}, ["broken.jsonl", "row 1"]),
    ],
    ids=["dataset", "split", "column", "kind", "broken"],
)
def test_names_what_is_wrong_with_a_dataset(module, read, forms, settings, words):
    Path("broken.jsonl").write_text(json.dumps({"text": "a"}) + "\n{text:\n")
    with pytest.raises(module("core.errors").UserError) as caught:
        read(**settings)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
#% endif %#
#% if 'folder' in sources %#


def test_check_tells_what_is_there(module, files, capsys):
    module("data").main(["--data.root", "files", "--data.packed", "false", "--data.block", "18"])
    told = capsys.readouterr().out
    assert sum(map(int, re.findall(r"(?:train|evaluation|test) (\d+)", told))) == 40
    assert re.search(r"padded +█+", told) and re.search(r"whole +█+", told)
    assert "Text 18: 语言 ⏎·\n" in told and "Text 17: 语言 xx\n" in told
#% endif %#
