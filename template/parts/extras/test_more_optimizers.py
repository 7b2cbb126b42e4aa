"""The promises of the further optimizers: the formulas, the average, and that they resume."""

import io

import pytest
import torch
from safetensors.torch import load_file
from test_training import assert_equal, final_state, ledger
from torch import nn

LR, DECAY = 0.01, 0.1
NAMES = ["Lion", "Muon", "ScheduleFreeAdamW"]
CONSTANT = ["--schedule.name", "constant", "--optim.args", "{}", "--optim.lr", "1e-3"]


@pytest.fixture
def build(module):
    """Return a function that builds a small model and its optimizer."""

    def build(name: str, **args) -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        body = [nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(8, 12), nn.LayerNorm(12)]
        model = nn.Sequential(nn.Embedding(5, 36), *body, nn.Linear(12, 3))
        cfg = module("optim").OptimConfig(name=name, lr=LR, weight_decay=DECAY, args=args)
        return model, module("optim").build_optimizer(model, cfg)

    return build


def advance(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> list[torch.Tensor]:
    """Train with gradients that depend on the step alone, and return them."""
    generator = torch.Generator().manual_seed(step)
    gradients = [torch.randn(p.shape, generator=generator) for p in model.parameters()]
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        p.grad = gradient.clone()
    optimizer.step()
    optimizer.zero_grad()
    return gradients


def test_lion_is_the_formula(build):
    """Chen et al., NeurIPS 2023, algorithm 2."""
    model, optimizer = build("Lion", betas=[0.8, 0.95])
    expected = [p.detach().clone() for p in model.parameters()]
    moments = [torch.zeros_like(p) for p in expected]
    for step in range(10):
        gradients = advance(model, optimizer, step)
        for p, m, g in zip(expected, moments, gradients, strict=True):
            decay = DECAY if p.ndim > 1 else 0.0
            p -= LR * ((0.8 * m + 0.2 * g).sign() + decay * p)
            m.copy_(0.95 * m + 0.05 * g)
    for p, value in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(p, value)


def test_muon_takes_the_matrices_inside(build):
    model, optimizer = build("Muon")
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = dict(zip(before, advance(model, optimizer, 0), strict=True))
    for name, p in model.named_parameters():
        decayed = before[name] * (1 - LR * (DECAY if p.ndim > 1 else 0.0))
        move = (decayed - p.detach()) / LR
        if name in ("1.weight", "3.weight"):
            # Nearly orthogonal, and as long as a step of AdamW (Liu et al., 2025, section 2.2).
            matrix = move.flatten(1)
            found = torch.linalg.svdvals(matrix) / (0.2 * max(matrix.shape) ** 0.5)
            assert found.min() > 0.5 and found.max() < 1.4
        else:
            torch.testing.assert_close(move, gradients[name].sign(), rtol=1e-3, atol=1e-3)


def test_average_is_shown_and_hidden(module, build):
    model, optimizer = build("ScheduleFreeAdamW")
    sums = [torch.zeros_like(p) for p in model.parameters()]
    for step in range(7):
        advance(model, optimizer, step)
        for total, p in zip(sums, model.parameters(), strict=True):
            total += optimizer.state[p]["z"]
    trained = [p.detach().clone() for p in model.parameters()]
    hide = module("extras.more_optimizers").show_average(optimizer)
    for p, total in zip(model.parameters(), sums, strict=True):
        torch.testing.assert_close(p.detach(), total / 7, rtol=1e-4, atol=1e-5)
    hide()
    assert_equal([p.detach() for p in model.parameters()], trained)
    assert all(group["train_mode"] for group in optimizer.param_groups)


def test_best_weights_are_the_average(module, train, config):
    settings = [*CONSTANT, "--optim.name", NAMES[-1], "--duration", "28 steps"]
    settings += ["--eval_every", "28 steps"]
    assert train(*settings, kill_after=28) is None  # before the evaluation
    weights, states = final_state("run")
    if {"ema", "swa"} & states.keys():
        pytest.skip("another average is what is evaluated and kept")
    _, spec = module("data").build_loaders(config.data, config.seed)
    network = module("model").build_model(config.model, spec)
    network.load_state_dict(weights, strict=False)
    cfg = module("config").parse_config(settings)
    optimizer = module("optim").build_optimizer(network, cfg.optim)
    optimizer.load_state_dict(states["optimizer"])
    module("extras.more_optimizers").show_average(optimizer)
    assert train(*settings) == 0
    best = load_file("runs/run/best/model.safetensors")
    assert any(not torch.equal(best[name], weights[name]) for name in best)
    assert_equal(best, {name: network.state_dict()[name] for name in best})


def test_every_one_moves_and_resumes(module, build):
    for name in module("extras.more_optimizers").other_optimizers():
        whole, first, second = (build(name) for _ in range(3))
        before = [p.detach().clone() for p in whole[0].parameters()]
        for step in range(7):
            advance(*whole, step)
            assert all(p.isfinite().all() for p in whole[0].parameters()), name
        assert not all(map(torch.equal, before, whole[0].parameters())), name
        for step in range(3):
            advance(*first, step)
        file = io.BytesIO()
        torch.save([part.state_dict() for part in first], file)
        file.seek(0)
        for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
            part.load_state_dict(state)
        for step in range(3, 7):
            advance(*second, step)
        assert_equal(whole[0].state_dict(), second[0].state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_run_resumes_bit_for_bit(train, name):
    settings = [*CONSTANT, "--optim.name", name]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=42) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
    best = (load_file(f"runs/{name}/best/model.safetensors") for name in ("whole", "killed"))
    assert_equal(*best)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["--optim.name", "Lionn"], ["optim.name", "did you mean Lion"]),
        (["--optim.name", "Nero"], ["optim.name", "allowed"]),
        (["--optim.name", "Lion", "--optim.args", "{momentum: 1}"], ["optim.args", "betas"]),
        (["--optim.name", "Muon", "--optim.args", "{adamw_lr: 1}"], ["optim.args", "adamw_betas"]),
        (["--optim.name", "ScheduleFreeSGD", "--schedule.name", "step"], ["constant"]),
    ],
)
def test_refuses(module, settings, words):
    with pytest.raises(module("core.errors").UserError) as caught:
        module("train").main(settings)
    for word in words:
        assert word in str(caught.value)
