"""The promises of the task on files: what is refused, told and scored."""

from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score

BOTH = ["--data.target", "[diagnosis, worst radius]"]


def test_scores_are_those_of_scikit_learn_and_of_the_predictions(train, call, module):
    table = module("sources.target").read_example().frame
    Path("rows").mkdir()
    table[:450].write_csv("rows/train.csv")
    table[450:].write_csv("rows/valid.csv")
    assert train(*BOTH, "--data.root", "rows") == 0
    told = call("predict", "--run", "runs/run", "--input", "rows/valid.csv")
    (scores,) = call("evaluate", "--run", "runs/run")
    for name, scored in (
        ("diagnosis", {"accuracy": accuracy_score}),
        ("worst radius", {"mae": mean_absolute_error, "r2": r2_score}),
    ):
        pair = table[name][450:], [line[name] for line in told]
        for score, function in scored.items():
            assert scores[f"{name}/{score}"] == pytest.approx(function(*pair), rel=1e-3)
