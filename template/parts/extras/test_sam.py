"""The promises of SAM: the gradient from uphill, the weights as they were, the scores of before."""

from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from test_training import assert_equal, final_state, ledger
from torch import nn

RHO = 0.3


def values(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the model's state."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_climbs_up_the_gradient_of_a_quadratic(module):
    model, curve = nn.Linear(3, 1, bias=False), torch.tensor([1.0, 10.0, 0.1])
    before = values(model)
    ((0.5 * curve) * model.weight**2).sum().backward()
    with module("extras.sam").climb(model, module("extras.sam").SAMConfig(rho=RHO)):
        ((0.5 * curve) * model.weight**2).sum().backward()
    uphill = curve * before["weight"]
    expected = curve * (before["weight"] + RHO * uphill / uphill.norm())
    torch.testing.assert_close(model.weight.grad, expected)
    assert_equal(values(model), before)


def test_second_pass_moves_no_buffer(module):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model(torch.randn(8, 3)).square().sum().backward()
    before = values(model)
    with module("extras.sam").climb(model, module("extras.sam").SAMConfig(rho=RHO)):
        model(torch.randn(8, 3))
    assert_equal(values(model), before)


@pytest.mark.parametrize("value", [0.0, float("inf"), float("nan")])
def test_stays_where_the_gradient_has_no_direction(module, value):
    model = nn.Linear(3, 2)
    for p in model.parameters():
        p.grad = torch.full_like(p, value)
    before = values(model)
    with module("extras.sam").climb(model, module("extras.sam").SAMConfig(rho=RHO)):
        assert_equal(values(model), before)
        assert model.weight.grad is None
    assert_equal(values(model), before)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_step_is_that_of_two_passes_by_hand(module, config, accumulate):
    step, config.sam.rho = module("step"), RHO
    loaders, spec = module("data").build_loaders(config.data, config.seed, accumulate)
    loader = loaders["train"]
    group, accelerator = next(loader.groups()), Accelerator(cpu=True)
    torch.manual_seed(0)
    model = module("model").build_model(config.model, spec)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    taken = step.Step(accelerator, model, optimizer, config, loader)
    before = values(model)

    torch.manual_seed(1)
    seen, way = taken.backward(group)
    length = torch.stack([part.norm() for part in way]).norm()
    with torch.no_grad():
        for p, part in zip(model.parameters(), way, strict=True):
            p += RHO / length * part
    model.zero_grad()
    torch.manual_seed(1)
    _, gradients = taken.backward(group)
    if hasattr(step, "centralize"):
        step.centralize(gradients)
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm().item()
    model.load_state_dict(before)
    model.zero_grad()

    torch.manual_seed(1)
    found, found_norm = taken(group)
    assert_equal([{name: its[name] for name in seen[0]} for its in found], seen)
    assert found_norm.item() == pytest.approx(norm, rel=1e-4)
    for p, old, gradient in zip(model.parameters(), before.values(), gradients, strict=True):
        torch.testing.assert_close(p, old - gradient, rtol=1e-4, atol=1e-5)


def test_refuses_fp16(module, config):
    accelerator = SimpleNamespace(scaler=object())
    with pytest.raises(module("core.errors").UserError, match="fp16"):
        module("step").Step(accelerator, None, None, config, None)


def test_resumes_bit_for_bit(train):
    assert train("--name", "whole") == 0
    assert train("--name", "killed", kill_after=42) is None
    assert train("--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
