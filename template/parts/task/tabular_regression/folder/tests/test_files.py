"""The promises of the task on files: what is refused, told and scored."""

from pathlib import Path

import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error


def test_scores_are_those_of_scikit_learn_and_of_the_predictions(train, call, module):
    table = module("sources.target").read_example().frame
    Path("rows").mkdir()
    table[:350].write_csv("rows/train.csv")
    table[350:].write_csv("rows/valid.csv")
    assert train("--data.root", "rows") == 0
    told = call("predict", "--run", "runs/run", "--input", "rows/valid.csv")
    pair = table["progression"][350:], [line["progression"] for line in told]
    (scores,) = call("evaluate", "--run", "runs/run")
    assert scores["examples"] == len(told) == len(table) - 350
    assert scores["mae"] == pytest.approx(mean_absolute_error(*pair), rel=1e-4)
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(*pair), rel=1e-4)
    assert scores["r2"] == pytest.approx(r2_score(*pair), rel=1e-3, abs=1e-4)


def test_target_must_be_a_number(train, module):
    Path("rows.csv").write_text("a,b\n1,x\n2,y\n3,z\n")
    with pytest.raises(module("core.errors").UserError, match="b is not a column of numbers"):
        train("--data.root", "rows.csv")
    Path("rows.csv").write_text("a,b\n" + "1,2\n2,3\n" * 9 + "3,\n")
    with pytest.raises(module("core.errors").UserError, match="line 20: b '' is missing"):
        train("--data.root", "rows.csv")
    Path("rows.csv").write_text("a,b\n" + "1,2\n2,2\n" * 9)
    with pytest.raises(module("core.errors").UserError, match="b is 2 in every row"):
        train("--data.root", "rows.csv")


def test_small_targets_are_told_by_their_digits(train, call):
    rows = [f"{n},{n}e-7\n" for n in range(60)]
    Path("rows.csv").write_text("a,b\n" + "".join(rows))
    assert train("--data.root", "rows.csv") == 0
    told = call("predict", "--run", "runs/run", "--input", "rows.csv")
    assert told[59]["b"] > told[30]["b"] > 1e-6
