"""The promises of the task: it learns its text, looks back only, and goes on with a text."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def parts(module) -> Callable:
    """Return a function that gives a model for blocks of 8 bytes, and a batch of some texts."""

    def parts(*texts: str) -> tuple:
        torch.manual_seed(0)
        model, blocks = module("model"), module("sources.blocks")
        network = model.build_model(model.ModelConfig(width=16), blocks.Spec(8)).eval()
        data = blocks.Blocks(blocks.join(list(texts)), 8, packed=False)
        return network, data[list(range(len(texts)))]

    return parts


def test_learns_the_text_and_tells_the_bits_of_each_file(module, command, call):
    assert module("train").main(["--name", "run", "--duration", "120 steps"]) == 0
    best = json.loads(Path("runs/run/status.json").read_text())["best"]
    assert 2 < best["bits_per_byte"] < 3.3  # which pairs of letters alone give
    assert best["bits_per_byte"] == pytest.approx(best["loss"] / math.log(2))
    assert best["perplexity"] == pytest.approx(math.exp(best["loss"]))

    Path("texts").mkdir()
    Path("texts/known.txt").write_text("The statement is the same as that of the expression. " * 4)
    Path("texts/unknown.txt").write_text("qZ7#xW" * 20)
    done = command("predict", "--run", "runs/run", "--input", "texts")
    assert done.returncode == 0, done.stderr
    known, unknown = (json.loads(line) for line in done.stdout.splitlines())
    assert (known["input"], known["bytes"]) == ("texts/known.txt", 212)
    assert (unknown["input"], unknown["bytes"]) == ("texts/unknown.txt", 120)
    assert known["bits_per_byte"] < 4.5 < unknown["bits_per_byte"]
    assert call("predict", "--run", "runs/run", "--input", "texts/known.txt") == [known]


def test_bytes_are_predicted_from_those_before_them(module, parts):
    network, batch = parts("abcdefgh")
    before = module("model").predict(network, batch)
    batch["text"][0, 5] += 1
    after = module("model").predict(network, batch)
    assert (before != after)[0].tolist() == [False] * 4 + [True] * 4


@torch.no_grad()
def test_long_batch_takes_little_at_once(module, parts, monkeypatch):
    network, batch = parts(*"abcdefghijk")
    whole = module("model").predict(network, batch)
    monkeypatch.setattr(module("model"), "AT_ONCE", 4 * 9)
    seen = []
    network.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    torch.testing.assert_close(module("model").predict(network, batch), whole)
    assert seen == [4, 4, 3]


def test_attention_goes_by_the_distance(module):
    rotation = module("model").angles(12, 6)
    query, key = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    turned = [module("model").rotate(x.expand(12, 6), rotation) for x in (query, key)]
    products = turned[0] @ turned[1].T
    for distance in range(-11, 12):
        same = products.diagonal(distance)
        torch.testing.assert_close(same, same[:1].expand_as(same))
    assert products[0].unique().numel() == 12


def test_padding_counts_for_nothing(module, parts):
    model, texts = module("model"), ["abc", "abcdefghijk", "x"]
    network, batch = parts(*texts)
    values = model.score(model.predict(network, batch), batch)
    assert values["weight"].tolist() == [4, 8, 2]  # with the end of those that fit
    for row, text in enumerate(texts):
        _, alone = parts(text)
        alone["text"][0, alone["length"] + 1 :] = 7
        value = model.score(model.predict(network, alone), alone)
        torch.testing.assert_close(value["loss"][0], values["loss"][row])


def test_evaluate_tells_what_looking_back_is_worth(train, call):
    assert train("--duration", "2 epochs", "--schedule.warmup", "0 steps") == 0
    (told,) = call("evaluate", "--run", "runs/run")
    after = told["bits_per_byte_after"]
    assert list(after) == ["1", "2-3", "4-7", "8-15", "16"]
    mean = sum(b * n for b, n in zip(after.values(), [1, 2, 4, 8, 1], strict=True)) / 16
    assert mean == pytest.approx(told["bits_per_byte"], rel=5e-3)  # but for the last block


def test_commands_name_what_is_wrong(module, train, call, capsys):
    assert train("--duration", "2 steps", "--schedule.warmup", "0 steps") == 0
    Path("nothing").mkdir()
    for place in ("x.txt", "nothing"):
        with pytest.raises(module("core.errors").UserError, match=f"no text in {place}"):
            call("predict", "--run", "runs/run", "--input", place)
    Path("some").mkdir()
    for name, text in (("a", b"abc"), ("b", b""), ("c", b"\xff\xff"), ("d", b"abcd")):
        Path("some", f"{name}.txt").write_bytes(text)
    capsys.readouterr()
    assert module("predict").main(["--run", "runs/run", "--input", "some"]) == 2
    found = capsys.readouterr()
    assert [json.loads(line)["bytes"] for line in found.out.splitlines()] == [3, 4]
    assert "no text in some/b.txt" in found.err and "some/c.txt can't be read" in found.err
    with pytest.raises(module("core.errors").UserError, match="no run in runs/other"):
        module("sample").main(["--run", "runs/other"])
    with pytest.raises(module("core.errors").UserError, match=r"model\.heads"):
        train("--model.heads", "5")
