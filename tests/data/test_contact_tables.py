"""Tables as people have them, each kind with its right value (first contact)."""

import gzip
import importlib
import json
import random
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import torch

TASKS = ("classification", "regression", "multitask")
random.seed(1)
ROWS = []
for _ in range(200):
    a, b, colour = random.gauss(0, 1), random.gauss(5, 2), random.choice(["red", "green", "blue"])
    yes = a + 1.5 * (colour == "red") - (b - 5) / 4 > 0.4
    ROWS.append({"a": round(a, 4), "b": round(b, 4), "colour": colour, "y": "yes" if yes else "no"})


def lines(rows: list[dict], separator: str = ",", end: str = "\n") -> str:
    """Return rows as a table."""
    cells = [rows[0], *(row.values() for row in rows)]
    return "".join(separator.join(map(str, row)) + end for row in cells)


@pytest.fixture(scope="module")
def projects(render: Callable) -> dict:
    """Return the packages of the three tasks."""
    found = {}
    for task in TASKS:
        found[task] = f"contact_{task}"
        sys.path.insert(0, str(render(task=f"tabular_{task}", project_name=found[task])))
    return found


@pytest.fixture
def use(projects: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Return a function that gives a module of a task's project; in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def module(name: str, task: str = "classification") -> object:
        return importlib.import_module(f"{projects[task]}.{name}")

    return module


@pytest.fixture
def load(use: Callable) -> Callable:
    """Return a function that gives all columns of all parts of a table, and its Spec."""

    def load(text: str | bytes | None, task: str = "classification", known=None, **settings):
        root = settings.pop("root", Path("a.csv"))
        if text is not None:
            root.write_bytes(text if isinstance(text, bytes) else text.encode())
        data = use("data", task)
        loaders, spec = data.build_loaders(data.DataConfig(root=root, **settings), 0, known=known)
        return {part: loader.dataset.columns for part, loader in loaders.items()}, spec

    return load


def total(parts: dict) -> int:
    return sum(len(columns["numbers"]) for columns in parts.values())


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (lines(ROWS, "|"), {}),
        (lines(ROWS, ";"), {}),
        (lines(ROWS, "\t"), {}),
        (lines(ROWS, "~"), {"separator": "~"}),
        (lines(ROWS).encode("utf-16"), {}),
        (lines(ROWS).encode("utf-8-sig"), {}),
        (lines(ROWS).encode("utf-16-le"), {"encoding": "utf-16-le"}),
        (lines(ROWS, end=",\n"), {}),
        (lines(ROWS, end="\r\n"), {}),
        (lines(ROWS, end="\r"), {}),
        ("\n" + lines(ROWS) + "\n,,,\n", {}),
        (lines(ROWS, ";").replace(".", ","), {}),
        (lines(ROWS, ";").replace(".", ","), {"decimal": ","}),
        (lines([{"": n, **row} for n, row in enumerate(ROWS)]), {}),
        (lines([{"Unnamed: 0": n, **row} for n, row in enumerate(ROWS)]), {}),
        (lines([{"id": f"u{n}", **row} for n, row in enumerate(ROWS)]), {}),
    ],
    ids=lambda value: repr(value)[:25],
)
def test_every_layout_holds_the_same(load, text, settings):
    parts, spec = load(text, **settings)
    plain, expected = load(lines(ROWS), root=Path("plain.csv"))
    assert (spec.numbers, spec.names, spec.classes) == (
        expected.numbers,
        {"colour": ["blue", "green", "red"]},
        ["no", "yes"],
    )
    assert all((parts[p]["numbers"] == plain[p]["numbers"]).all() for p in plain)


def test_every_kind_of_file_holds_the_same(load):
    frame = pl.DataFrame(ROWS)
    plain, expected = load(lines(ROWS), root=Path("plain.csv"))
    Path("a.csv.gz").write_bytes(gzip.compress(lines(ROWS).encode()))
    Path("a.jsonl").write_text("".join(f"{json.dumps(row)}\n\n" for row in ROWS), "utf-8-sig")
    Path("a.json").write_text(json.dumps(ROWS))
    frame.with_columns(pl.col("colour").cast(pl.Categorical)).write_parquet("a.parquet")
    Path("shards").mkdir()
    for n in range(4):
        frame[n * 50 : n * 50 + 50].write_parquet(f"shards/train-{n:05d}-of-00004.parquet")
    for name in ("a.csv.gz", "a.jsonl", "a.json", "a.parquet", "shards"):
        parts, spec = load(None, root=Path(name))
        assert spec.numbers == expected.numbers and spec.names == expected.names
        assert all((parts[p]["numbers"] == plain[p]["numbers"]).all() for p in plain)


def test_files_of_the_parts(load):
    Path("d").mkdir()
    for name, rows in (("Train", ROWS[:100]), ("VALID", ROWS[100:150]), ("test", ROWS[150:])):
        Path(f"d/{name}.CSV").write_text(lines(rows))
    parts, _ = load(None, root=Path("d"), test=0.2)
    assert [len(c["label"]) for c in (parts["train"], parts["evaluation"], parts["test"])] == [
        100,
        50,
        50,
    ]
    parts, _ = load(None, root=Path("d/Train.CSV"), test=Path("d/test.CSV"))
    assert len(parts["test"]["label"]) == 50 and total(parts) == 150
    parts, _ = load(None, root=Path("d/Train.CSV"), evaluation=Path("d/test.CSV"), test=0.3)
    assert {part: len(c["label"]) for part, c in parts.items()} == {"train": 100, "evaluation": 50}


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        (lines(ROWS).replace("red", "réd").encode("latin-1"), {}, "set data.encoding.*latin-1"),
        (lines(ROWS), {"encoding": "latein"}, "data.encoding: 'latein'; allowed"),
        ("a,b,a\n1,2,3\n", {}, "column 'a' stands there twice"),
        ("a,y\n1,2\n3\n", {}, "a.csv, line 3: 1 values for 2 columns"),
        ("a,y\n1,2\n3,4,5\n", {}, "a.csv, line 3: 3 values for 2 columns"),
        ("y\nno\nyes\n", {}, "no column is left"),
        ("a,y\n", {}, "has no rows"),
        (lines(ROWS).replace(str(ROWS[7]["a"]), "1e300"), {}, "line 9: a '1e300' is too large"),
        (lines(ROWS).replace(str(ROWS[7]["a"]), "inf"), {}, "line 9: a 'inf' is too large"),
        (lines(ROWS).replace(str(ROWS[7]["a"]), "x1"), {}, "line 9: a 'x1' is not a number"),
        (lines(ROWS[:50]) + "1,2,red,\n", {}, "line 52: y '' is missing; data.skip_broken"),
        (lines(ROWS), {"group": "patient"}, "data.group: 'patient'"),
    ],
    ids=lambda value: repr(value)[-25:],
)
def test_mistakes_are_one_line(load, use, text, settings, words):
    with pytest.raises(use("core.errors").UserError, match=words) as caught:
        load(text, **settings)
    assert "\n" not in str(caught.value)


def test_nested_and_unknown_files(load, use):
    Path("a.jsonl").write_text('{"a": {"b": 1}, "y": "no"}\n{"a": {"b": 2}, "y": "yes"}\n')
    with pytest.raises(use("core.errors").UserError, match=r"column a holds Struct.*not values"):
        load(None, root=Path("a.jsonl"))
    with pytest.raises(use("core.errors").UserError, match=r"a.xlsx is not a table; allowed: .csv"):
        load(None, root=Path("a.xlsx"))


def test_columns_that_tell_nothing_or_are_dates(load):
    rows = [row | {"a": 0.1, "id": f"u{n}"} for n, row in enumerate(ROWS)]
    rows = [
        {"when": f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}", "sold": f"{n % 9 + 1},{n:03d}", **row}
        for n, row in enumerate(rows)
    ]
    text = "\n".join(
        [",".join(rows[0]), *(",".join(f'"{v}"' for v in row.values()) for row in rows)]
    )
    _, spec = load(text, target="y")
    assert spec.numbers["a"] == [0.1, 1.0] and spec.dates == {"when": "%Y-%m-%d"}
    assert 19723 < spec.numbers["when"][0] < 20100 and spec.numbers["sold"][0] > 1000
    assert list(spec.names) == ["colour"]
    told = "\n".join(spec.notes)
    for words in ("a: the same in every row", "when: dates", "id: 200 names in", "commas part"):
        assert words in told
    assert list(load(text, target="y", names=["id"])[1].names) == ["colour", "id"]


def test_typed_columns(load):
    frame = pl.DataFrame(
        {
            "day": [date(2024, 1, 1 + n % 28) for n in range(60)],
            "price": [Decimal(f"{n}.5") for n in range(60)],
            "count": pl.Series([None if n % 7 == 0 else n for n in range(60)], dtype=pl.Int32),
            "flag": [n % 3 == 0 for n in range(60)],
            "y": ["no", "yes"] * 30,
        }
    )
    frame.write_parquet("a.parquet")
    _, spec = load(None, root=Path("a.parquet"), missing=["5"])
    assert list(spec.numbers) == ["day", "price", "count"]
    assert spec.names == {"flag": ["false", "true"]}
    assert 19723 <= spec.numbers["day"][0] <= 19751


def test_missing_values(load):
    marks = ["#N/A", "?", "-", "NULL", "", "k.A."]
    rows = [row | ({"a": marks[n % 6]} if n % 7 == 0 else {}) for n, row in enumerate(ROWS)]
    parts, spec = load(lines(rows), missing=["k.a."])
    assert list(spec.numbers) == ["a", "b"] and total(parts) == 200
    rows = [row | {"y": ["None", "NA"][n % 2]} for n, row in enumerate(ROWS)]
    assert load(lines(rows), marks=[])[1].classes == ["NA", "None"]


def test_names_and_classes_are_one(load):
    rows = [
        row | {"code": ["1", " 1", "1.0", "2"][n % 4], "y": ["neg", " neg", "pos"][n % 3]}
        for n, row in enumerate(ROWS)
    ]
    _, spec = load(lines(rows), names=["code"], target="y")
    assert spec.names["code"] == ["1", "2"] and spec.classes == ["neg", "pos"]


def test_a_class_with_one_row_and_groups(load):
    rows = [row | {"y": "weird" if n == 3 else row["y"]} for n, row in enumerate(ROWS)]
    parts, spec = load(lines(rows), test=0.2)
    assert spec.classes == ["no", "weird", "yes"] and 1 in parts["train"]["label"]
    assert all({0, 2} <= set(columns["label"].tolist()) for columns in parts.values())
    rows = [{"patient": f"p{n // 5}", "number": n // 5, **row} for n, row in enumerate(ROWS)]
    parts, spec = load(lines(rows), group="patient")
    seen = [{round(v, 4) for v in c["numbers"][:, 0].tolist()} for c in parts.values()]
    assert "patient" not in spec.names and not seen[0] & seen[1]


def test_unknown_names_are_the_mean_of_the_others(load, use, capsys):
    _, spec = load(lines(ROWS))
    model = use("model").build_model(use("model").ModelConfig(), spec)
    embed = model.embeddings[0]
    mean = embed(torch.tensor([1, 2, 3])).mean(0)
    torch.testing.assert_close(embed(torch.tensor([0]))[0], mean)
    load(lines([row | {"colour": "mauve"} for row in ROWS[:50]]), known=spec)
    assert "colour x 50" in capsys.readouterr().err


def test_known_statistics_are_used_on_other_data(load, use):
    _, spec = load(lines(ROWS[:150]))
    parts, found = load(lines(ROWS[150:]), known=spec)
    assert found == spec
    mean, deviation = spec.numbers["a"]
    values = sorted(round((row["a"] - mean) / deviation, 3) for row in ROWS[150:])
    got = sorted(round(v, 3) for c in parts.values() for v in c["numbers"][:, 0].tolist())
    assert got == pytest.approx(values, abs=2e-3)
    with pytest.raises(use("core.errors").UserError, match="y 'perhaps' is none of the classes"):
        load(lines(ROWS[:60]) + "1,2,red,perhaps\n", known=spec)


def test_regression_of_small_and_constant_targets(load, use):
    rows = [{"a": row["a"], "y": f"{row['a'] * 1e-6:.9g}"} for row in ROWS]
    _, spec = load(lines(rows), "regression")
    told = use("model", "regression").describe((torch.tensor([1.0]), None), {}, spec)
    assert told["y"] == pytest.approx(sum(spec.scale), rel=1e-5) and told["y"] != 0
    assert use("core.log", "regression").figure(1.234567e-6) == "1.235e-06"
    with pytest.raises(use("core.errors", "regression").UserError, match="is 3 in every row"):
        load(lines([row | {"y": 3} for row in rows]), "regression")


def test_several_targets_some_missing(load, use):
    rows = [
        {"a": r["a"], "b": r["b"], "cls": n % 2, "amount": r["a"] * 2, "kind": r["y"]}
        for n, r in enumerate(ROWS)
    ]
    for n in range(0, 200, 4):
        rows[n] |= {"amount": ""}
    rows[1] |= {"cls": "", "kind": "", "amount": "?"}
    target = ["cls", "amount", "kind"]
    parts, spec = load(lines(rows), "multitask", target=target, names=["cls"])
    assert spec.classes == {"cls": ["0", "1"], "kind": ["no", "yes"]} and total(parts) == 199
    assert any("1 of 200 rows left out" in note for note in spec.notes)
    model = use("model", "multitask")
    network, batch = model.build_model(model.ModelConfig(), spec).eval(), parts["train"]
    outputs = model.predict(network, batch)
    lacking = batch["targets"][:, 0].isnan()
    assert lacking.any() and (outputs[1]["amount/loss"][lacking] == 0).all()
    assert outputs[1]["loss"].isfinite().all()
    totals = model.tally(outputs, batch, torch.ones(len(lacking), dtype=torch.bool))
    error = outputs[0]["amount"][:, 0] - batch["targets"][:, 0]
    mae = error[~lacking].abs().mean().item() * spec.scales["amount"][1]
    assert model.summarize({}, totals)["amount/mae"] == pytest.approx(mae, rel=1e-4)


def test_skipped_rows_are_counted(load, capsys):
    text = lines(ROWS) + "x,2,red,no\n1,2,red,\n"
    parts, spec = load(text, skip_broken=True)
    assert total(parts) == 200 and "2 of 202 rows left out" in spec.notes[-1]
    assert "line 202: a 'x' is not a number" in capsys.readouterr().err


def test_predict_takes_columns_in_any_order(load, use):
    _, spec = load(lines(ROWS))
    data = use("data")
    more = [{"extra": 1, "colour": r["colour"], "b": r["b"], "a": r["a"]} for r in ROWS]
    Path("new.csv").write_text(lines(more) + "1,red,2,x\n")
    told = list(data.read_inputs(Path("new.csv"), data.DataConfig(), spec))
    assert told[0][0] == "new.csv, line 2" and len(told) == 201
    assert told[3][1]["numbers"].shape == (1, 2)
    assert "line 202: a 'x' is not a number" in str(told[-1][1])
    Path("less.csv").write_text("a\n1\n")
    with pytest.raises(
        use("core.errors").UserError, match=r"less.csv has no column b, colour; it has a"
    ):
        list(data.read_inputs(Path("less.csv"), data.DataConfig(), spec))
