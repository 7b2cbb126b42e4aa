"""The promises of the layers' norms: they are those of the gradient, however it is spread."""

import pytest
import torch
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger
from torch import nn


def test_norms_are_those_of_the_gradients(module):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3), nn.Linear(3, 3))
    model[3].requires_grad_(False)
    model.scale = nn.Parameter(torch.ones(3))
    (model(torch.randn(7, 5)) * model.scale).square().sum().backward()
    found = module("extras.gradient_norms").layer_norms(model)
    expected = {"model": model.scale.grad.norm()}
    for place in (0, 2):
        weight, bias = (p.grad.flatten() for p in model[place].parameters())
        expected[str(place)] = torch.cat([weight, bias]).norm()
    assert found.keys() == {f"{layer}/grad_norm" for layer in expected}
    for layer, norm in expected.items():
        torch.testing.assert_close(found[f"{layer}/grad_norm"], norm)


def test_norms_add_up_to_that_of_all(train):
    few = ["--duration", "9 steps", "--schedule.warmup", "0 steps", "--log_every", "1 step"]
    assert train(*few, "--optim.clip_norm", "0.1") == 0
    lines = [line for line in ledger("run") if "train/loss" in line]
    for line in lines:
        norms = [v for k, v in line.items() if k.endswith("/grad_norm") and k != "train/grad_norm"]
        whole = sum(norm**2 for norm in norms) ** 0.5
        assert len(norms) > 2 and line["train/grad_norm"] == pytest.approx(whole, rel=1e-5)
    assert len(lines) == 9 and any(line["train/grad_norm"] > 0.1 for line in lines)


def test_norms_are_the_same_however_a_step_is_spread(train):
    assert train(*CURVE, "--data.batch_size", "60", "--name", "one") == 0
    half = ["--data.batch_size", "30", "--optim.accumulate", "2", "--name", "accumulated"]
    assert train(*CURVE, *half) == 0
    assert_alike("one", "accumulated")


def test_resumes_bit_for_bit(train):
    assert train("--name", "whole") == 0
    assert train("--name", "killed", kill_after=42) is None
    assert train("--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
