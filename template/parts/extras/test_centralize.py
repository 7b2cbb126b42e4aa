"""The promises of gradient centralization: no mean is left, before the norm and the clipping."""

import pytest
import torch
from accelerate import Accelerator
from test_training import assert_equal, final_state, ledger


def test_takes_the_mean_of_each_output_s_weights(module):
    shapes = [(), (5,), (3, 4), (2, 3, 5), (2, 3, 5, 4)]
    gradients = [torch.randn(shape) + 2 for shape in shapes]
    before = [gradient.clone() for gradient in gradients]
    module("extras.centralize").centralize(gradients)
    assert_equal(gradients[:2], before[:2])
    for gradient, old in zip(gradients[2:], before[2:], strict=True):
        for row, old_row in zip(gradient, old, strict=True):
            torch.testing.assert_close(row, old_row - old_row.sum() / old_row.numel())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_step_moves_no_mean(module, config, accumulate):
    step, config.optim.clip_norm = module("step"), 1e-3
    loaders, spec = module("data").build_loaders(config.data, config.seed, accumulate)
    loader = loaders["train"]
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    model = module("model").build_model(config.model, spec)
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e3)
    taken = step.Step(accelerator, model, optimizer, config, loader)
    _, norm = taken(next(loader.groups()))
    moves = [old - p.detach() for old, p in zip(before, model.parameters(), strict=True)]
    assert torch.stack([m.norm() for m in moves]).norm().item() == pytest.approx(1, rel=1e-3)
    assert norm > 1e-3
    for move in moves:
        if move.ndim > 1:
            mean = move.flatten(1).mean(1)
            torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-5)


def test_resumes_bit_for_bit(train):
    assert train("--name", "whole") == 0
    assert train("--name", "killed", kill_after=42) is None
    assert train("--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
