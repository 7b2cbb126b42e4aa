"""The promises of the moving average: it is the formula's, it is what is kept, and it resumes."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_training import assert_equal, final_state, ledger
from torch import nn


class Model(nn.Module):
    """Layers that share a weight, and a buffer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(3)


def values(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the model's state."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_average_is_the_formula(module):
    model = Model()
    ema, seen = module("extras.ema").EMA(model, module("extras.ema").EMAConfig(decay=0.8)), []
    for step in range(5):
        for number, value in enumerate([*model.parameters(), *model.buffers()]):
            generator = torch.Generator().manual_seed(100 * step + number)
            value.data.copy_(10 * torch.randn(value.shape, generator=generator))
        seen.append(values(model))
        ema.update()
    for name, value in ema.average.module.state_dict().items():
        if value.is_floating_point():
            # The first weights stand for all before them.
            expected = sum(0.2 * 0.8 ** (4 - i) * seen[i][name] for i in range(1, 5))
            torch.testing.assert_close(value, expected + 0.8**4 * seen[0][name])


def test_swap_exchanges_and_a_second_one_brings_back(module):
    model = Model()
    ema = module("extras.ema").EMA(model, module("extras.ema").EMAConfig())
    with torch.no_grad():
        for value in [*model.parameters(), *model.buffers()]:
            value += 1
    mine, average = values(model), values(ema.average.module)
    assert not torch.equal(mine["first.weight"], average["first.weight"])
    ema.swap()
    assert_equal((values(model), values(ema.average.module)), (average, mine))
    ema.swap()
    assert_equal((values(model), values(ema.average.module)), (mine, average))


def test_best_weights_are_the_average(train):
    best = {}
    for decay in ("0.5", "0.9"):
        settings = ["--duration", "28 steps", "--eval_every", "28 steps", "--ema.decay", decay]
        assert train(*settings, "--name", decay) == 0
        best[decay] = load_file(Path("runs", decay, "best/model.safetensors"))
        state = final_state(decay)[1]["ema"]
        assert_equal(best[decay], {name: state[f"module.{name}"] for name in best[decay]})
    # Another decay is another average of the same weights.
    assert not any(torch.equal(best["0.5"][name], best["0.9"][name]) for name in best["0.5"])
    trained = [[x for x in ledger(name) if "train/loss" in x] for name in best]
    assert trained[0] == trained[1]


@pytest.mark.parametrize("step", [14, 42])
def test_average_resumes_bit_for_bit(train, step):
    settings = ["--ema.decay", "0.9"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=step) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
    best = (load_file(f"runs/{name}/best/model.safetensors") for name in ("whole", "killed"))
    assert_equal(*best)
