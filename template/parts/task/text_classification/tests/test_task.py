"""The promises of the task: it learns its data, and knows what it has learned."""

from pathlib import Path

import pytest
import torch
from test_training import ledger

TEXTS = {
    "vithkuqi capital letter eh": "uppercase letter",
    "garay small letter ka": "lowercase letter",
    "combining open mark below": "mark",
    "kawi digit four": "number",
    "right pointing double triangle arrow": "symbol",
}
"""names of characters that came after Unicode 3.2, and some like them"""


def test_learns_the_data_and_knows_new_texts(module, call, command):
    arguments = ["--data.limit", "2560", "--duration", "4 epochs", "--eval_every", "2 epochs"]
    assert module("train").main(["--name", "run", *arguments]) == 0
    assert max(line.get("eval/accuracy", 0) for line in ledger("run")) >= 0.93

    Path("texts.txt").write_text("\n\n".join(TEXTS))
    Path("table.csv").write_text("\n".join(["text,more", *(f"{text},0" for text in TEXTS)]))
    done = command("predict", "--run", "runs/run", "--input", "texts.txt")
    assert done.returncode == 0, done.stderr
    lines, rows = (call("predict", "--run", "runs/run", "--input", x) for x in Path().glob("t*.*"))
    assert {line["input"] for line in lines + rows} == {
        f"{file}, line {number}"
        for file, numbers in (("texts.txt", range(1, 10, 2)), ("table.csv", range(2, 7)))
        for number in numbers
    }
    for told in (lines, rows):
        assert sum(x["label"] == kind for x, kind in zip(told, TEXTS.values(), strict=True)) >= 4
        assert all(1 / 7 <= line["probability"] <= 1 for line in told)


def test_predict_names_what_is_missing(module, train, call, capsys):
    def answer(place: str) -> tuple[int, object]:
        capsys.readouterr()
        code = module("predict").main(["--run", "runs/run", "--input", place])
        return code, capsys.readouterr()

    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    Path("nothing").mkdir()
    for place, words in (("x.txt", "no text in x.txt"), ("nothing", "no text in nothing")):
        with pytest.raises(module("core.errors").UserError, match=words):
            call("predict", "--run", "runs/run", "--input", place)
    Path("hole.csv").write_text('text,more\na,b\n" ",c\nd,\n')
    Path("hole.jsonl").write_text('{"text": "a"}\n{"texts": "b"}\n{"text": "d"}\n')
    for place in ("hole.csv", "hole.jsonl"):
        code, found = answer(place)
        assert code == 2 and len(found.out.splitlines()) == 2
        line = 3 if place == "hole.csv" else 2
        assert found.err == f"error: {place}, line {line} has no text\n"


@torch.no_grad()
def test_padding_changes_nothing(module, config):
    loaders, spec = module("data").build_loaders(config.data, 0)
    loader = loaders["train"]
    torch.manual_seed(0)
    model = module("model").build_model(config.model, spec).eval()
    batch = loader.dataset[list(range(0, 1280, 20))]
    outputs = module("model").predict(model, batch)
    for row, count in enumerate(batch["count"].tolist()):
        alone = {name: value[row : row + 1] for name, value in batch.items()}
        alone["tokens"] = alone["tokens"][:, :count]
        torch.testing.assert_close(module("model").predict(model, alone)[0], outputs[row])
