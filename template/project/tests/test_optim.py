"""The optimizers and schedules: each resumes exactly, and its curve is the one it promises."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
import torch
from accelerate import Accelerator
from test_training import assert_equal
from torch import nn

OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adamax", "RMSprop", "Adagrad"]
SCHEDULES = ["constant", "step", "multistep", "exponential", "cosine", "warm_restarts", "plateau"]
SCHEDULES += ["onecycle", "cyclic"]


@pytest.fixture
def build(module) -> Callable:
    """Return a function that builds a small model, its optimizer and its schedule."""

    def build(schedule: dict, steps: int = 40, mode: str = "min", **optim) -> tuple:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))
        cfg = module("optim").OptimConfig(**{"name": "SGD", "lr": 0.1} | optim)
        optimizer = module("optim").build_optimizer(model, cfg)
        cfg = module("schedule").ScheduleConfig(**schedule)
        return model, optimizer, module("schedule").build_schedule(optimizer, cfg, steps, 10, mode)

    return build


def advance(parts: tuple, steps: range) -> list[float]:
    """Train with gradients that depend on the step alone, and return the learning rates."""
    (model, optimizer, schedule), rates = parts, []
    for step in steps:
        rates.append(optimizer.param_groups[0]["lr"])
        generator = torch.Generator().manual_seed(step)
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
        schedule.step()
        if step % 4 == 3:
            schedule.evaluated(1.0)
    return rates


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_state_resumes_exactly(build, optimizer, schedule):
    setting = {"name": schedule, "warmup": "5 steps"}
    whole, first, second = (build(setting, name=optimizer) for _ in range(3))
    rates = advance(whole, range(40))
    assert advance(first, range(17)) == rates[:17]
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    assert advance(second, range(17, 40)) == rates[17:]
    for one, other in zip(whole, second, strict=True):
        assert_equal(one.state_dict(), other.state_dict())


def test_settings_name_the_schedules_there_are(module):
    hint = get_type_hints(module("schedule").ScheduleConfig)["name"]
    known = module("schedule").list_schedules(9, [0.1], True, "min")
    assert [*get_args(hint)] == [*known] == SCHEDULES


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_run_of_any_length_has_a_schedule(build, schedule, steps):
    whole = build({"name": schedule, "warmup": "5 %"}, steps)
    assert all(rate > 0 for rate in advance(whole, range(steps)))


def test_vectors_are_not_decayed(build):
    model, optimizer, _ = build({"name": "constant"}, weight_decay=0.3)
    decayed = {
        parameter: group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert {p: 0.3 if p.ndim > 1 else 0 for p in model.parameters()} == decayed


def test_lr_scale_goes_by_pattern(build):
    scales = {r"^0\.": 0.1, r"^[02]\.bias": 7.0}  # the first that matches counts
    model, optimizer, _ = build({"name": "onecycle"}, lr_scale=scales)
    found = {p: g["max_lr"] for g in optimizer.param_groups for p in g["params"]}
    scales = {"0.weight": 0.1, "0.bias": 0.1, "2.bias": 7.0}
    for name, parameter in model.named_parameters():
        assert found[parameter] == pytest.approx(0.1 * scales.get(name, 1))


@pytest.mark.parametrize("name", SCHEDULES)
def test_warmup_rises_to_where_the_schedule_starts(build, name):
    later = advance(build({"name": name}, 32), range(32))
    rates = advance(build({"name": name, "warmup": "8 steps"}, 40), range(40))
    assert rates[:8] == pytest.approx([later[0] * (n + 1) / 9 for n in range(8)])
    assert name == "plateau" or rates[8:] == pytest.approx(later)


def test_schedules_keep_their_form(build):
    def rates(name: str) -> list[float]:
        return advance(build({"name": name}), range(40))

    assert rates("constant") == [0.1] * 40
    assert rates("cosine") == pytest.approx(
        [0.05 * (1 + math.cos(math.pi * step / 40)) for step in range(40)]
    )
    onecycle = rates("onecycle")
    assert max(onecycle) == pytest.approx(0.1)
    assert onecycle[-1] == min(onecycle) == pytest.approx(0.1 / 25 / 1e4)


@pytest.mark.parametrize("schedule", ["onecycle", "cyclic"])
@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_cycles_leave_a_low_momentum_alone(build, name, schedule):
    for value, varies in ((0.9, True), (0.5, False)):
        args = {"momentum": value} if name == "SGD" else {"betas": [value, 0.999]}
        parts, found = build({"name": schedule}, name=name, args=args), set()
        for step in range(40):
            advance(parts, range(step, step + 1))
            group = parts[1].param_groups[0]
            found.add(group["betas"][0] if name == "AdamW" else group["momentum"])
        assert (found == {value}) != varies


@pytest.mark.parametrize("mode", ["min", "max"])
def test_plateau_falls_at_evaluations_alone(build, mode):
    setting = {"name": "plateau", "args": {"patience": 2, "factor": 0.1}}
    _, optimizer, schedule = build(setting, mode=mode)
    rates = []
    for value in (1, 2, 3, 3, 2, 3, 4, 3, 3):
        for _ in range(5):
            schedule.step()
        schedule.evaluated(value if mode == "max" else 9 - value)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1] * 5 + [0.01] * 4)


def test_epoch_has_as_many_steps_however_a_step_is_spread(module):
    for batch_size, accumulate, processes in ((60, 1, 1), (30, 2, 1), (20, 1, 3), (10, 2, 3)):
        loader = module("core.loader").Loader(range(1437), batch_size, accumulate)
        loader.plan.window *= processes
        assert len(loader) == 24


def test_clips_by_norm_or_by_value(module, config):
    loaders, spec = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    group, accelerator = next(loader.groups()), Accelerator(cpu=True)

    def change(**clip) -> tuple[torch.Tensor, float]:
        """Return what a step with the learning rate 1 adds to the weights, and the norm."""
        cfg = module("optim").OptimConfig(name="SGD", lr=1, **clip)
        torch.manual_seed(0)
        model = module("model").build_model(config.model, spec).eval()
        before = nn.utils.parameters_to_vector(model.parameters()).detach().double()
        optimizer = module("optim").build_optimizer(model, cfg)
        changed = replace(config, optim=cfg)
        _, norm = module("step").Step(accelerator, model, optimizer, changed, loader)(group)
        after = nn.utils.parameters_to_vector(model.parameters()).detach().double()
        return after - before, norm.item()

    gradient, norm = change()
    assert gradient.norm().item() == pytest.approx(norm, rel=1e-4)
    for clip in (norm / 3, norm * 3):
        clipped, before = change(clip_norm=clip)
        assert before == norm
        torch.testing.assert_close(clipped, gradient * min(1, clip / norm), rtol=1e-3, atol=1e-6)
    clipped, _ = change(clip_value=norm / 50)
    expected = gradient.clamp(-norm / 50, norm / 50)
    assert not torch.equal(expected, gradient)
    torch.testing.assert_close(clipped, expected, rtol=1e-3, atol=1e-6)
