"""The promises of the task: it learns its data, and knows what it has learned."""

import csv
import json
from pathlib import Path


def test_learns_the_data(module):
    assert module("train").main(["--name", "run"]) == 0
    assert json.loads(Path("runs/run/status.json").read_text())["test"]["accuracy"] >= 0.92


def test_predict_tells_the_class_of_rows(train, call, module):
    table = module("sources.target").read_example()
    assert train() == 0
    with Path("rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([table.frame.columns, *table.frame.rows()[:30]])
    told = call("predict", "--run", "runs/run", "--input", "rows.csv")
    assert [line["input"] for line in told] == [f"rows.csv, line {n}" for n in range(2, 32)]
    pairs = zip(told, table.frame["diagnosis"], strict=False)
    assert sum(line["diagnosis"] == diagnosis for line, diagnosis in pairs) >= 25
    assert all(0.5 <= line["probability"] <= 1 for line in told)
