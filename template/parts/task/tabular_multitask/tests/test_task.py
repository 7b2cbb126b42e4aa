"""The promises of the task: it learns its data, and knows what it has learned."""

import json
from pathlib import Path

import pytest
import torch

BOTH = ["--data.target", "[diagnosis, worst radius]"]


def test_learns_the_data(module):
    assert module("train").main(["--name", "run"]) == 0
    tested = json.loads(Path("runs/run/status.json").read_text())["test"]
    assert tested["diagnosis/accuracy"] >= 0.9 and tested["worst radius/r2"] >= 0.85


def test_weights_of_the_losses(train, module):
    model, cfg = module("model"), module("model").ModelConfig(weights={"a": 3.0, "b": 0.5})
    spec = module("sources.target").Spec({"x": [0, 1]}, {}, {"a": ["u", "v"]}, {"b": [0.0, 1.0]})
    network = model.build_model(cfg, spec)
    batch = {"numbers": torch.randn(4, 1), "names": torch.zeros(4, 0, dtype=torch.long)}
    batch |= {"labels": torch.tensor([[0], [1], [1], [0]]), "targets": torch.randn(4, 1)}
    scores = model.score(model.predict(network, batch), batch | {"scales": torch.ones(4, 1)})
    torch.testing.assert_close(scores["loss"], 3.0 * scores["a/loss"] + 0.5 * scores["b/loss"])
    with pytest.raises(module("core.errors").UserError, match=r"model.weights: 'c'.*allowed: a, b"):
        model.build_model(model.ModelConfig(weights={"c": 1.0}), spec)


def test_a_missing_target_loses_nothing_and_is_not_scored(module):
    model = module("model")
    spec = module("sources.target").Spec({"x": [0, 1]}, {}, {"a": ["u", "v"]}, {"b": [0.0, 1.0]})
    network = model.build_model(model.ModelConfig(), spec).eval()
    batch = {"numbers": torch.randn(4, 1), "names": torch.zeros(4, 0, dtype=torch.long)}
    nan = float("nan")
    batch |= {"labels": torch.tensor([[0], [-1], [1], [-1]]), "scales": torch.ones(4, 1)}
    batch |= {"targets": torch.tensor([[nan], [0.5], [1.0], [nan]])}
    outputs = model.predict(network, batch)
    scores = model.score(outputs, batch)
    assert scores["loss"].isfinite().all() and scores["loss"][3] == 0
    assert scores["b/loss"][0] == 0 and scores["a/loss"][1] == 0
    found = model.summarize({}, model.tally(outputs, batch, torch.tensor([True] * 4)))
    error = (outputs[0]["b"][1:3, 0] - batch["targets"][1:3, 0]).abs().mean().item()
    right = (outputs[0]["a"].argmax(1) == batch["labels"][:, 0])[[0, 2]].float().mean().item()
    assert found["b/mae"] == pytest.approx(error) and found["a/accuracy"] == right


def test_one_target_is_enough(train):
    for target in ("diagnosis", "worst radius"):
        assert train("--data.target", target, "--name", target) == 0
