"""The promises of the task: it learns its data, and knows what it has learned."""

import json
from pathlib import Path

import pytest
import torch


def test_learns_the_data(module):
    assert module("train").main(["--name", "run"]) == 0
    assert json.loads(Path("runs/run/status.json").read_text())["test"]["r2"] >= 0.3


@pytest.mark.parametrize(("loss", "expected"), [("mse", 9.0), ("l1", 3.0), ("huber", 2.5)])
def test_losses(module, loss, expected):
    model = module("model").Regressor(torch.nn.Identity(), loss)
    model.network.forward = lambda numbers, names: numbers
    outputs = model(torch.full((2, 1), 3.0), None, torch.zeros(2))
    batch = {"target": torch.zeros(2), "scale": torch.full((2,), 10.0)}
    values = module("model").score(outputs, batch)
    assert values["loss"].tolist() == [expected] * 2 and values["mae"].tolist() == [30.0] * 2
