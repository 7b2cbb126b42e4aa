"""The promises of the task: it learns its data, and knows what it has learned."""

import json
from pathlib import Path

import pytest
import torch
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score
from test_training import ledger

BOTH = ["--data.target", "[diagnosis, worst radius]"]


def test_learns_the_data(module):
    assert module("train").main(["--name", "run"]) == 0
    best = max(ledger("run"), key=lambda line: line.get("eval/diagnosis/accuracy", 0))
    assert best["eval/diagnosis/accuracy"] >= 0.9
    assert best["eval/worst radius/r2"] >= 0.85


def test_scores_are_those_of_scikit_learn_and_of_the_predictions(train, call, module):
    assert train(*BOTH) == 0
    table = module("data").read_parts(module("data").DataConfig())["evaluation"]
    rows = zip(*table.columns.values(), strict=True)
    rows = [dict(zip(table.columns, row, strict=True)) for row in rows]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told = call("predict", "--run", "runs/run", "--input", "rows.jsonl")
    (scores,) = call("evaluate", "--run", "runs/run")
    for name, scored in (
        ("diagnosis", {"accuracy": accuracy_score}),
        ("worst radius", {"mae": mean_absolute_error, "r2": r2_score}),
    ):
        pair = table.columns[name], [line[name] for line in told]
        for score, function in scored.items():
            assert scores[f"{name}/{score}"] == pytest.approx(function(*pair), rel=1e-3)


def test_weights_of_the_losses(train, module):
    model, cfg = module("model"), module("model").ModelConfig(weights={"a": 3.0, "b": 0.5})
    spec = module("target").Spec({"x": [0, 1]}, {}, {"a": ["u", "v"]}, {"b": [0.0, 1.0]})
    network = model.build_model(cfg, spec)
    batch = {"numbers": torch.randn(4, 1), "names": torch.zeros(4, 0, dtype=torch.long)}
    batch |= {"labels": torch.tensor([[0], [1], [1], [0]]), "targets": torch.randn(4, 1)}
    scores = model.score(model.predict(network, batch), batch | {"scales": torch.ones(4, 1)})
    torch.testing.assert_close(scores["loss"], 3.0 * scores["a/loss"] + 0.5 * scores["b/loss"])
    with pytest.raises(module("errors").UserError, match=r"model.weights: 'c'.*allowed: a, b"):
        model.build_model(model.ModelConfig(weights={"c": 1.0}), spec)


def test_one_target_is_enough(train):
    for target in ("diagnosis", "worst radius"):
        assert train("--data.target", target, "--name", target) == 0
