"""The promises of Lookahead: it is the paper's, with any optimizer, and it resumes."""

import io

import pytest
import torch
from test_training import assert_equal, final_state, ledger
from torch import nn

STEPS, ALPHA = 5, 0.3
OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adamax", "RMSprop", "Adagrad"]


@pytest.fixture
def build(module):
    """Return a function that builds a small model and its optimizer."""

    def build(name: str, ahead: bool = True) -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))
        cfg = module("optim").OptimConfig(name=name, lr=0.01, weight_decay=0.01)
        optimizer = module("optim").build_optimizer(model, cfg)
        if ahead:
            cfg = module("extras.lookahead").LookaheadConfig(steps=STEPS, alpha=ALPHA)
            module("extras.lookahead").look_ahead(optimizer, cfg)
        return model, optimizer

    return build


def advance(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Train with gradients that depend on the step alone; the last layer has none at first."""
    generator = torch.Generator().manual_seed(step)
    for name, p in model.named_parameters():
        gradient = torch.randn(p.shape, generator=generator)
        p.grad = gradient if step > 1 or name[0] != "2" else None
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_is_the_paper_s(build, name):
    model, optimizer = build(name)
    other, plain = build(name, ahead=False)
    slow = [p.detach().clone() for p in other.parameters()]
    for step in range(23):
        advance(model, optimizer, step)
        advance(other, plain, step)
        if step % STEPS == STEPS - 1:
            with torch.no_grad():
                for p, behind in zip(other.parameters(), slow, strict=True):
                    behind.copy_(behind + ALPHA * (p - behind))
                    p.copy_(behind)
        for mine, its in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_resumes_exactly(build, name):
    whole, first, second = (build(name) for _ in range(3))
    for step in range(20):
        advance(*whole, step)
    for step in range(8):
        advance(*first, step)
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    for step in range(8, 20):
        advance(*second, step)
    for one, other in zip(whole, second, strict=True):
        assert_equal(one.state_dict(), other.state_dict())


def test_run_resumes_bit_for_bit(train):
    assert train("--name", "whole") == 0
    assert train("--name", "killed", kill_after=42) is None
    assert train("--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
    assert all("slow" in state for state in final_state("whole")[1]["optimizer"]["state"].values())


def test_settings_reach_the_run(train):
    short = ["--duration", "12 steps", "--schedule.warmup", "0 steps"]
    for steps, alpha in (("5", "0.8"), ("4", "0.8"), ("5", "0.1")):
        name = f"{steps}-{alpha}"
        settings = ["--lookahead.steps", steps, "--lookahead.alpha", alpha, "--name", name]
        assert train(*short, *settings) == 0
    weights = [final_state(name)[0] for name in ("5-0.8", "4-0.8", "5-0.1")]
    for other in weights[1:]:
        assert any(not torch.equal(weights[0][name], other[name]) for name in other)
