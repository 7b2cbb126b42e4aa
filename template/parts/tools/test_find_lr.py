"""The promises of the range test: it trains at the rates it tells of, and ends where it must."""

from pathlib import Path

import pytest
from accelerate import Accelerator
from task import SMALL
from test_training import ledger


@pytest.fixture
def rise(module, config):
    """Return a function that gives the rates and losses of a test."""

    def run(low: float, high: float, steps: int, **optim) -> tuple[list[float], list[float]]:
        vars(config.optim).update(optim)
        points = module("tools.find_lr").rise(config, Accelerator(cpu=True), low, high, steps)
        return tuple(map(list, zip(*points, strict=True)))

    return run


def test_rates_rise_by_one_factor(rise):
    rates, _ = rise(1e-4, 1e-1, 7)
    expected = [1e-4 * 10 ** (number / 2) for number in range(7)]
    assert rates == pytest.approx(expected)


def test_losses_are_those_of_a_training_at_that_rate(rise, train):
    settings = ["--config", "defaults.yaml", "--schedule.name", "constant", "--optim.lr", "1e-3"]
    assert train(*settings, "--log_every", "1 step", "--duration", "30 steps") == 0
    _, losses = rise(1e-3, 1e-3, 30)
    assert losses == [line["train/loss"] for line in ledger("run") if "train/loss" in line]


def test_groups_keep_their_ratio(rise, module, monkeypatch):
    seen, call = [], module("step").Step.__call__

    def watched(self, group):
        seen.append(sorted({group["lr"] for group in self.optimizer.param_groups}))
        return call(self, group)

    monkeypatch.setattr(module("step").Step, "__call__", watched)
    rates, _ = rise(1e-3, 1e-2, 3, lr_scale={"weight$": 0.5})
    assert seen == [pytest.approx([lr / 2, lr]) for lr in rates]


def test_tenth_of_the_lowest_is_suggested(module):
    rates, suggest = [1e-4, 1e-3, 1e-2, 1e-1, 1.0], module("tools.find_lr").suggest
    assert suggest(rates, [3.0, 2.0, 1.0, 0.5, 4.0]) == pytest.approx(1e-2)
    with pytest.raises(module("core.errors").UserError, match="lower --low"):
        suggest(rates, [1.0, 1.0, 2.0, 3.0, 4.0])


def test_average_has_no_pull_towards_zero(module):
    assert module("tools.find_lr").smooth([2.0] * 5) == pytest.approx([2.0] * 5)


def test_command_draws_and_stops_where_it_diverges(call, module):
    sgd = ["--optim.name", "SGD", "--optim.args", "{}"]
    (told,) = call("tools.find_lr", *SMALL, "--low", "1e-4", "--high", "1e4", *sgd)
    assert 1e-5 < told["lr"] < 1e2
    assert [str(path) for path in Path("runs").iterdir()] == [told["picture"]]
    with pytest.raises(module("core.errors").UserError, match="not below"):
        call("tools.find_lr", "--low", "1", "--high", "0.1")
