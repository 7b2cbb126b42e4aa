"""The promises of weight averaging: it is the plain mean, it is what is kept, and it resumes."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_training import assert_equal, final_state, ledger
from torch import nn

HALF = ["--swa.start", "0.5", "--swa.every", "7 steps"]
"""takes weights with every checkpoint from step 28 on"""


class Model(nn.Module):
    """Layers that share a weight, and buffers, one of them a whole number."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(3)


def values(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the model's state."""
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.fixture
def start(module):
    """Return a function that gives a model, its schedule of 20 steps, and their average."""

    def start(name: str = "cosine", **settings):
        model = Model()
        scale = {r"bias": 0.1}
        cfg = module("optim").OptimConfig(name="SGD", lr=0.4, lr_scale=scale)
        optimizer = module("optim").build_optimizer(model, cfg)
        schedule = module("schedule")
        schedule = schedule.build_schedule(
            optimizer, schedule.ScheduleConfig(name=name), 20, 5, "min"
        )
        cfg = module("extras.swa").SWAConfig(**{"start": 0.5, "every": "2 steps"} | settings)
        return model, schedule, module("extras.swa").SWA(model, schedule, cfg, 20, 5)

    return start


def test_average_is_the_mean(start):
    model, schedule, swa = start()
    seen = []
    for step in range(1, 20):
        for number, value in enumerate([*model.parameters(), *model.buffers()]):
            generator = torch.Generator().manual_seed(100 * step + number)
            value.data.copy_(10 * torch.randn(value.shape, generator=generator))
        seen.append(values(model))
        schedule.optimizer.step()
        schedule.step()
        swa.update()
    taken = [seen[step - 1] for step in (10, 12, 14, 16, 18)]
    for name, value in swa.average.module.state_dict().items():
        several = torch.stack([each[name] for each in taken])
        expected = several.mean(0) if value.is_floating_point() else several[-1]
        torch.testing.assert_close(value, expected)


def test_swap_exchanges_and_a_second_one_brings_back(start):
    model, schedule, swa = start()
    before = values(model)
    for step in range(1, 12):
        with torch.no_grad():
            for value in [*model.parameters(), *model.buffers()]:
                value += 1
        schedule.optimizer.step()
        schedule.step()
        swa.update()
        mine, mean = values(model), values(swa.average.module)
        assert torch.equal(mean["first.weight"], before["first.weight"]) == (step < 10)
        swap = (mine, mean) if step < 10 else (mean, mine)
        swa.swap()
        assert_equal((values(model), values(swa.average.module)), swap)
        swa.swap()
        assert_equal((values(model), values(swa.average.module)), (mine, mean))


@pytest.mark.parametrize("name", ["cosine", "onecycle", "plateau"])
def test_learning_rate_goes_to_its_own(start, name):
    (_, plain, _), (_, schedule, swa) = start(name), start(name, lr=0.05, anneal="3 steps")
    begin = []
    for step in range(1, 20):
        for each in (plain, schedule):
            each.optimizer.step()
            each.step()
        swa.update()
        begin = rates(plain) if step <= 10 else begin
        share = max(0.0, min(1.0, (step - 9) / 4))
        ends = [0.05 if rate == max(begin) else 0.005 for rate in begin]
        expected = [(1 - share) * b + share * e for b, e in zip(begin, ends, strict=True)]
        assert rates(schedule) == pytest.approx(expected)
        for each in (plain, schedule):
            each.evaluated(1.0)
        swa.swap()
        assert step < 10 or rates(schedule) == pytest.approx(expected)


def rates(schedule) -> list[float]:
    """Return the learning rates of the parameter groups."""
    return [group["lr"] for group in schedule.optimizer.param_groups]


def test_average_is_that_of_the_checkpoints(train):
    settings = ["--swa.start", "0.5", "--swa.every", "8 steps", "--eval_every", "56 steps"]
    settings += ["--keep", "14", "--save_every", "4 steps"]
    settings += ["--swa.lr", "0.001", "--log_every", "1 step", "--schedule.name", "cosine"]
    assert train(*settings) == 0
    folders = sorted(Path("runs/run/checkpoints").glob("step-*"))
    saved = {int(f.name.split("-")[1]): load_file(f / "model.safetensors") for f in folders}
    taken = [saved[step] for step in range(28, 56, 8)]
    best = load_file("runs/run/best/model.safetensors")
    for name, value in best.items():
        torch.testing.assert_close(value, torch.stack([each[name] for each in taken]).mean(0))
    assert any(not torch.equal(best[name], taken[-1][name]) for name in best)
    rates = [line["train/lr"] for line in ledger("run") if "train/lr" in line]
    assert len(set(rates[:28])) > 1 and len(set(rates[28:])) == 1


def test_average_resumes_bit_for_bit(train):
    settings = [*HALF, "--swa.lr", "0.001", "--swa.anneal", "10 steps", "--log_every", "1 step"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=35) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
    best = (load_file(f"runs/{name}/best/model.safetensors") for name in ("whole", "killed"))
    assert_equal(*best)
