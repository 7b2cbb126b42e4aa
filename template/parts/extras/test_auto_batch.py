"""The promises of the automatic batch size: it finds what fits, and the curve stays."""

import pytest
import torch
from test_training import CURVE, assert_alike, ledger


@pytest.fixture
def memory(module, monkeypatch):
    """Return a function that leaves memory for so many examples at once."""
    predict = module("model").predict

    def leave(most: int) -> None:
        def limited(model, batch):
            if len(batch["key"]) > most:
                raise torch.OutOfMemoryError
            return predict(model, batch)

        for name in ("model", "step", "evaluate"):
            monkeypatch.setattr(module(name), "predict", limited)

    return leave


def test_curve_is_that_of_the_whole_batch(train, memory, capsys):
    assert train(*CURVE, "--name", "whole") == 0
    assert "fit in memory" not in capsys.readouterr().out
    memory(20)
    assert train(*CURVE, "--name", "parts") == 0
    assert "batches of 16 fit in memory: 4 of them make a step" in capsys.readouterr().out
    assert_alike("whole", "parts")


def test_run_goes_on_with_less_memory(train, memory):
    assert train("--name", "run", kill_after=21) is None
    memory(20)
    assert train("--name", "run") == 0
    assert [line["step"] for line in ledger("run") if "train/loss" in line][-1] == 56


def test_one_example_too_many_is_one_line(train, memory, module):
    memory(0)
    with pytest.raises(module("core.errors").RunError, match=r"with a batch of [12]"):
        train()


def test_other_errors_are_not_taken_for_a_lack_of_memory(train, module, monkeypatch):
    def fail(*_):
        raise RuntimeError("a mistake in the model")

    monkeypatch.setattr(module("model"), "predict", fail)
    with pytest.raises(RuntimeError, match="a mistake in the model"):
        train()
