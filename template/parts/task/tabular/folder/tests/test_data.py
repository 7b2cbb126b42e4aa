"""The promises of the data: what it reads, what it makes of it, and which mistakes it names."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_training import assert_equal, final_state, ledger

TINY = ["--data.batch_size", "4", "--duration", "12 steps", "--save_every", "4 steps"]
TINY += ["--schedule.warmup", "0 steps"]
FILE = ["--data.root", "a.csv", "--data.target", "outcome"]
COLOURS = ("red", "green", "blue")
ROWS = [
    {"size": n * 1.5, "colour": COLOURS[n % 3], "code": n % 2, "outcome": 1 + n % 2}
    for n in range(30)
]


def write_csv(path: str, rows: list[dict], separator: str = ",") -> None:
    """Write rows as a table."""
    lines = [separator.join(str(value) for value in row.values()) for row in rows]
    Path(path).write_text("\n".join([separator.join(rows[0]), *lines]) + "\n")


@pytest.fixture
def read(module) -> Callable:
    """Return a function that gives all rows of both parts, and what is known of the columns."""

    def read(**settings) -> tuple:
        loaders, spec = module("data").build_loaders(module("data").DataConfig(**settings), 0)
        parts = (loader.dataset for loader in loaders.values())
        return *(part[list(range(len(part)))] for part in parts), spec

    return read


def test_columns_are_scaled_by_the_rows_to_train_on(read):
    write_csv("train.csv", ROWS[:20])
    write_csv("test.csv", [*ROWS[20:], ROWS[0] | {"size": "", "colour": "mauve"}])
    train, test, spec = read(root=Path("."), names=["code"])
    size = torch.tensor([row["size"] for row in ROWS], dtype=torch.float64)
    scaled = ((size - size[:20].mean()) / size[:20].std(correction=0)).float()
    torch.testing.assert_close(train["numbers"], scaled[:20, None])
    torch.testing.assert_close(test["numbers"], torch.cat([scaled[20:], torch.zeros(1)])[:, None])
    assert spec.names == {"colour": ["blue", "green", "red"], "code": ["0", "1"]}
    assert train["names"][:3].tolist() == [[3, 1], [2, 2], [1, 1]]
    assert test["names"][-1].tolist() == [0, 1]
    assert list(spec.numbers) == ["size"] and spec.list_targets() == ["outcome"]


#% if 'hub' in sources %#
def test_all_kinds_of_files_hold_the_same(read):
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_list(ROWS)
    write_csv("a.csv", ROWS)
    write_csv("semicolons.csv", ROWS, ";")
    write_csv("a.tsv", ROWS, "\t")
    rows.to_json("a.jsonl")
    rows.to_parquet("a.parquet")
    Path("hub").mkdir()
    rows.to_csv("hub/train.csv")
    datasets.DatasetDict({"train": rows}).save_to_disk("saved")
    first = read(root=Path("a.csv"))
    assert sum(len(part["key"]) for part in first[:2]) == 30
    for file in ("semicolons.csv", "a.tsv", "a.jsonl", "a.parquet"):
        assert_equal(read(root=Path(file))[:2], first[:2])
    assert_equal(read(hf="saved")[:2], first[:2])
    assert_equal(read(hf="hub")[:2], first[:2])


#% endif %#
def test_target_and_columns_can_be_chosen(read):
    write_csv("a.csv", [{"outcome": row["outcome"]} | row for row in ROWS])
    train, _, spec = read(root=Path("a.csv"), target="outcome", ignore=["colour"])
    assert list(spec.numbers) == ["size", "code"] and not spec.names
    assert train["numbers"].shape[1] == 2 and train["names"].shape[1] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a.csv has no rows"),
        ("a,b\n", "a.csv has no rows"),
        ("a,a\n1,2\n", "column 'a' stands there twice"),
        ("a,b\n1,2\n3\n", "a.csv, line 3: 1 values for 2 columns"),
        ('a,b\n1,"2\n', "a.csv, line 2: unexpected end of data"),
        ("a,b\n" + "1,1\n2,2\n" * 9 + "x,1\n2,2\n", "a.csv, line 20: a 'x' is not a number"),
        ("a,b\n1,1\n" + "1e300,1\n2,2\n" * 9, "line 3: a '1e300' is too large for an amount"),
    ],
    ids=["empty", "no rows", "twice", "short", "quote", "number", "large"],
)
def test_mistakes_in_a_file_are_named(read, module, text, words):
    Path("a.csv").write_text(text)
    with pytest.raises(module("core.errors").UserError, match=words) as caught:
        read(root=Path("a.csv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"root": Path("a.xls")}, "a.xls is not a table; allowed: .csv, .tsv"),
        ({"root": Path("b.csv")}, "b.csv can't be read"),
        ({"root": Path("b.jsonl")}, "b.jsonl, line 2: not a JSON object"),
        ({"root": Path("b.parquet")}, "b.parquet can't be read"),
        ({"root": Path("none")}, "holds no tables"),
        ({"root": Path("a.csv"), "target": "outcom"}, "data.target: .*did you mean outcome"),
        ({"root": Path("a.csv"), "ignore": ["sice"]}, "data.ignore: 'sice'"),
        ({"root": Path("a.csv"), "ignore": ["size", "colour", "code"]}, "no column is left"),
        ({"root": Path("a.csv"), "evaluation": Path("c.csv")}, "c.csv has no column size"),
        #% if 'hub' in sources %#
        ({"hf": "nowhere"}, "nowhere can't be loaded"),
        #% endif %#
    ],
    ids=lambda value: str(value)[:30],
)
def test_mistakes_in_the_settings_are_named(read, module, settings, words, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_csv("a.csv", ROWS)
    write_csv("c.csv", [{"outcome": 1}])
    Path("b.jsonl").write_text('{"a": 1}\n[1\n')
    Path("b.parquet").write_text("a,b")
    Path("none").mkdir()
    with pytest.raises(module("core.errors").UserError, match=words) as caught:
        read(**settings)
    assert "\n" not in str(caught.value)


def test_what_is_left_out_is_told(read):
    rows = [
        {"": n, "id": f"u{n}", "one": 0.1, "day": f"2024-01-{n % 28 + 1:02d}"} | row
        for n, row in enumerate(ROWS)
    ]
    write_csv("a.csv", rows)
    *_, spec = read(root=Path("a.csv"))
    assert list(spec.numbers) == ["one", "day", "size", "code"] and list(spec.names) == ["colour"]
    assert spec.numbers["one"] == [0.1, 1.0] and spec.dates == {"day": "%Y-%m-%d"}
    for words in ("column 1: numbers of rows", "id: 30 names in 30 rows", "one: the same in every"):
        assert any(words in note for note in spec.notes)


def test_rows_of_a_group_stay_together(read):
    write_csv("a.csv", [{"patient": n // 3, "mark": n // 3} | row for n, row in enumerate(ROWS)])
    train, evaluation, _ = read(root=Path("a.csv"), group="patient", ignore=["size", "code"])
    assert not {*train["numbers"].flatten().tolist()} & {*evaluation["numbers"].flatten().tolist()}


#% if 'hub' in sources %#
def test_settings_that_exclude_each_other(module):
    for settings in ({"root": Path("a"), "hf": "b"}, {"test": Path("a")}):
        with pytest.raises(ValueError, match=r"exclude|goes with"):
            module("data").DataConfig(**settings)


#% endif %#
def test_run_on_a_file_resumes_exactly(train):
    write_csv("a.csv", ROWS)
    settings = [*TINY, *FILE, "--data.workers", "1"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=8) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_check_tells_what_is_there(module, capsys):
    write_csv("a.csv", ROWS)
    module("data").main(FILE)
    told = capsys.readouterr().out
    for words in ("train ", "evaluation ", "size: mean ", "colour: blue, green, red", "outcome"):
        assert words in told
