"""The promises of texts as people have them: in any form, with broken rows, in groups, changed."""

import json
from itertools import chain
from pathlib import Path

import pytest

TINY = ["--data.batch_size", "4", "--duration", "6 steps", "--schedule.warmup", "0 steps"]


def texts(module, **settings) -> dict[str, list[tuple[str, str]]]:
    """Return the texts of each part with their labels."""
    data = module("data")
    loaders, spec = data.build_loaders(data.DataConfig(**settings), 0)
    return {
        part: [
            (text, spec.classes[label])
            for text, label in zip(loader.dataset.texts, loader.dataset.labels, strict=True)
        ]
        for part, loader in loaders.items()
    }


def put(files: dict[str, str | bytes]) -> None:
    """Write files of text."""
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())


def table(count: int) -> str:
    """Return a table of texts, good ones and bad ones."""
    rows = [f"film {n} was {('bad', 'good')[n % 2]},{('bad', 'good')[n % 2]}" for n in range(count)]
    return "\n".join(["text,label", *rows])


def test_labels_are_what_they_mean(module):
    lines = ["a; neg", "b;neg ", "c;neg", 'd;"neg"', "e;None", "f;pos", "g;NA"]
    put({"T.CSV": "text;label\n" + "\n".join(lines), "n.csv": "text,label\na,1\nb,1.0\nc,2\nd,02"})
    found = texts(module, root=Path("T.CSV"))
    assert {label for _, label in chain(*found.values())} == {"neg", "pos", "None", "NA"}
    found = texts(module, root=Path("n.csv"))
    assert {label for _, label in chain(*found.values())} == {"1", "2", "02"}
    with pytest.raises(module("core.errors").UserError, match="2 of 7 rows"):
        texts(module, root=Path("T.CSV"), missing=["none", "NA"])


def test_broken_rows_are_left_out_if_asked(module, caplog):
    good = [f"text {n},{'ab'[n % 2]}" for n in range(30)]
    put({"t.csv": "\n".join(["text,label", *good[:10], "too,many,b", *good[10:], " ,a", "c,"])})
    rows = [json.dumps(dict(zip(("text", "label"), row.split(","), strict=True))) for row in good]
    empty = json.dumps({"text": "", "label": "a"})
    put({"t.jsonl": "\n".join([*rows[:10], "{broken", *rows[10:], empty, "[]"])})
    for name, lines in (("t.csv", (12, 33, 34)), ("t.jsonl", (11, 32, 33))):
        found = texts(module, root=Path(name), skip_broken=True)
        assert sorted(text for text, _ in chain(*found.values())) == sorted(
            row.split(",")[0] for row in good
        )
        (told,) = caplog.messages
        caplog.clear()
        assert "3 of 33 rows can't be used" in told and "has no text" in told
        assert all(f"{name}, line {line}" in told for line in lines)


def test_texts_lie_about_in_many_forms(module, caplog):
    lines = [json.dumps({"text": f"a{n}", "label": n % 2}) for n in range(4)]
    put({f"shards/train-0000{n}.jsonl": line for n, line in enumerate(lines)})
    put({"shards/Validation.TSV": "text\tlabel\nv\t1\n".encode("utf-16")})
    put({"shards/test.csv": "text,label\nt,-1\nu,-1\n"})  # as of GLUE
    found = texts(module, root=Path("shards"))
    assert found == {
        "train": [("a0", "0"), ("a1", "1"), ("a2", "0"), ("a3", "1")],
        "evaluation": [("v", "1")],
    }
    assert "test.csv has no labels: it is left out" in caplog.text

    for part in ("train", "test"):  # as IMDB's
        put({f"imdb/{part}/{k}/{n}.txt": f"{part} {k}" for k in ("pos", "neg") for n in range(3)})
    put({"imdb/train/unsup/0.txt": "?", "imdb/train/urls.txt": "?", "imdb/.git/pos/x.txt": "?"})
    found = texts(module, root=Path("imdb"))
    assert {part: sorted(set(rows)) for part, rows in found.items()} == {
        "train": [("train neg", "neg"), ("train pos", "pos")],
        "evaluation": [("test neg", "neg"), ("test pos", "pos")],
    }
    put({f"flat/{k}/{n}.TXT": f"{k} {n}".encode("utf-16") for k in "ab" for n in range(9)})
    found = texts(module, root=Path("flat"))
    assert sorted(chain(*found.values())) == [(f"{k} {n}", k) for k in "ab" for n in range(9)]
    put({"flat/a/broken.txt": b"\xff\xffab"})
    with pytest.raises(module("core.errors").UserError, match="1 of 19 rows"):
        texts(module, root=Path("flat"))
    assert sum(map(len, texts(module, root=Path("flat"), skip_broken=True).values())) == 18


def test_groups_stay_in_one_part(module):
    lines = [f"text {n},{'ab'[n // 3 % 2]},author {n // 3}" for n in range(90)]
    put({"t.csv": "\n".join(["text,label,author", *lines])})
    found = texts(module, root=Path("t.csv"), group="author", test=0.2)
    authors = [{int(text.split()[1]) // 3 for text, _ in rows} for rows in found.values()]
    assert sum(map(len, authors)) == len(set.union(*authors)) == 30 and all(authors)


def test_new_data_is_taken_as_the_run_knows_it(module):
    put({"t.csv": table(40)})
    data = module("data")
    _, spec = data.build_loaders(data.DataConfig(root=Path("t.csv")), 0)
    put({"new.csv": "text,label\n" + "".join(f"quite new {n},good\n" for n in range(9))})
    loaders, found = data.build_loaders(data.DataConfig(root=Path("new.csv")), 0, known=spec)
    assert found == spec and loaders["evaluation"].dataset[[0]]["tokens"].shape[1] == spec.length
    assert set(loaders["train"].dataset.labels.tolist()) == {1}
    put({"other.csv": "text,label\na,good\nb,ugly\n"})
    with pytest.raises(module("core.errors").UserError, match="'ugly', which training lacks"):
        data.build_loaders(data.DataConfig(root=Path("other.csv")), 0, known=spec)


def test_run_stops_if_its_data_changed(module, train):
    put({"t.csv": table(60)})
    few = [*TINY, "--data.root", "t.csv", "--eval_every", "3 steps", "--save_every", "3 steps"]
    assert train(*few, kill_after=3) is None
    put({"t.csv": table(60).replace("film 33", "book 33")})
    with pytest.raises(module("core.errors").UserError, match="was started with other data"):
        train(*few)


def test_tells_how_many_texts_are_cut(module, caplog):
    data = module("data")

    def build(**settings) -> object:
        return data.build_loaders(data.DataConfig(root=Path("t.csv"), **settings), 0)[1]

    put({"t.csv": "text,label\n" + "".join(f"{'word ' * n},{n % 2}\n" for n in range(1, 31))})
    build(length=20, holdout=0.01)
    (told,) = caplog.messages
    assert told.endswith("texts to train on are cut to 20 tokens (data.length)")
    assert told.startswith(("9 of", "10 of"))
    put({"t.csv": "text,label\n" + "".join(f"{'word ' * 300 * n},{n % 2}\n" for n in range(1, 5))})
    assert build().length == 512 and "are cut to 512 tokens" in caplog.text
