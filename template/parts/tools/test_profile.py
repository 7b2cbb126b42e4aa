"""The promises of the profile: times go to the part that took them, and FLOPs are all counted."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from task import SMALL
from torch import nn


@pytest.fixture
def trial(module, config):
    """Return a function that begins a training to be measured."""

    def begin(accumulate: int = 1):
        config.optim.accumulate = accumulate
        return module("tools.profile").Trial(config, Accelerator(cpu=True))

    return begin


@pytest.fixture
def count(module):
    """Return a function that counts the operations and the examples of a trial's first step."""
    return lambda trial: module("tools.flops").count_flops(trial.step, trial.accelerator)


@pytest.fixture
def profile(module, capsys):
    """Return a function that runs the command and returns the lines it prints."""

    def run(*arguments: str) -> list[str]:
        capsys.readouterr()
        module("tools.profile").main([*SMALL, *arguments])
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize(
    ("layer", "shape", "products"),
    [
        (nn.Linear(8, 4), (16, 8), 16 * 8 * 4),
        (nn.Conv2d(3, 5, 3, padding=1), (2, 3, 6, 6), 2 * 5 * 6 * 6 * 3 * 3 * 3),
    ],
)
def test_flops_are_those_of_the_formula(module, layer, shape, products):
    for learned, times in ((False, 2), (True, 3)):  # what comes in has a gradient, or has none
        with module("tools.flops").Flops() as flops:
            layer(torch.randn(shape, requires_grad=learned)).sum().backward()
        assert flops.total == times * 2 * products


def test_step_counts_all_its_batches_and_attention(trial, count):
    one, examples = count(trial())
    assert one > 0 and examples == 64
    assert count(trial(2)) == (2 * one, 128)


def test_step_counts_fused_attention(module, trial, count, monkeypatch):
    before, _ = count(trial())
    predict, heads = module("step").predict, torch.randn(1, 2, 4, 8)
    calls = []

    def attend(model, batch):
        calls.append(F.scaled_dot_product_attention(heads, heads, heads))
        return predict(model, batch)

    monkeypatch.setattr(module("step"), "predict", attend)
    flops, _ = count(trial())
    assert flops == before + len(calls) * 2 * 2 * (2 * 4 * 8 * 4)


def test_step_counts_a_compiled_model(module, trial, count, monkeypatch):
    calls = []

    def backend(graph, inputs):
        return lambda *arguments: calls.append(1) or graph.forward(*arguments)

    def build(cfg, spec):
        torch.manual_seed(cfg.seed)
        return module("model").build_model(cfg.model, spec)

    def build_compiled(cfg, spec):
        model = build(cfg, spec)
        model.forward = torch.compile(model.forward, backend=backend, dynamic=False)
        return model

    monkeypatch.setattr(module("train"), "build_network", build)
    plain = count(trial())
    monkeypatch.setattr(module("train"), "build_network", build_compiled)
    torch.compiler.reset()
    with torch._dynamo.config.patch(disable=False):
        begun = trial()
        begun.run(1)
        assert calls
        calls.clear()
        assert count(begun) == plain
    assert not calls


def test_time_goes_to_the_part_that_took_it(module, trial, monkeypatch):
    monkeypatch.setattr(module("core.loader"), "AT_ONCE", 1)  # or a batch would be there already
    profile, began, calls = module("tools.profile"), trial(), Counter()

    def slow(part, function):
        def call(*arguments, **named):
            calls[part] += 1
            return function(*arguments, **named)

        return call

    seconds = {"data": 2, "forward_backward": 3, "update": 1}
    clock = lambda: sum(calls[part] * spent for part, spent in seconds.items())  # noqa: E731
    monkeypatch.setattr(profile.time, "perf_counter", clock)
    monkeypatch.setattr(began.step.loader, "transform", slow("data", began.step.loader.transform))
    backward = slow("forward_backward", module("step").predict)
    monkeypatch.setattr(module("step"), "predict", backward)
    monkeypatch.setattr(began.step.update, "step", slow("update", began.step.update.step))
    began.run(1)
    calls.clear()
    figures = profile.measure(began, 3)
    for part, spent in seconds.items():
        assert calls[part] >= 3 and figures[f"{part}_ms"] == 1e3 * calls[part] * spent / 3
    assert figures["step_ms"] == 1e3 * clock() / 3
    assert figures["samples_per_s"] == 3 * 64 / clock()
    assert figures["peak_memory_mb"] > 10


def test_command_writes_every_event(profile):
    *table, told = profile("--steps", "2", "--rows", "3")
    rules = [number for number, line in enumerate(table) if line.startswith("---")]
    assert rules[2] - rules[1] == 4
    path = Path(json.loads(told)["trace"])
    assert [*path.parent.iterdir()] == [path]
    events = json.loads(gzip.decompress(path.read_bytes()))["traceEvents"]
    names = Counter(event.get("name", "").partition("#")[0] for event in events)
    assert names["data"] == names["Optimizer.step"] == 2
    assert names["forward_backward"] in (2, 4)  # SAM has two in a step
    assert any(name.startswith("aten::") for name in names)


def test_processes_count_together(profile, command):
    one = json.loads(profile("--steps", "1")[-1])
    done = command("tools.profile", *SMALL, "--steps", "1", processes=2)
    assert done.returncode == 0, done.stderr
    two = json.loads(done.stdout.splitlines()[-1])
    assert two["gflop_per_step"] == pytest.approx(2 * one["gflop_per_step"], rel=1e-3)
