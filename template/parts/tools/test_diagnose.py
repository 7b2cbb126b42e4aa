"""The promises of the diagnosis: it names what is wrong, and nothing where nothing is."""

import json
import math
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from task import PLAIN, SMALL
from torch import nn


@pytest.fixture
def observe(module, config):
    """Return a function that looks at a training, and gives what was seen and found."""

    def run(steps: int = 1):
        seen = module("tools.diagnose").observe(config, Accelerator(cpu=True), steps)
        return seen, list(module("tools.symptoms").find_symptoms(seen))

    return run


@pytest.fixture
def change(module, monkeypatch):
    """Return a function that changes the network before it is trained."""

    plain = module("train").build_network

    def change(edit):
        def built(cfg, spec):
            network = plain(cfg, spec)
            edit(network)
            return network

        monkeypatch.setattr(module("train"), "build_network", built)

    return change


@pytest.fixture
def spoil(module, monkeypatch):
    """Return a function that changes the losses of the examples."""

    def spoil(edit):
        weigh = module("step").weigh

        def spoiled(values, real):
            values["loss"] = edit(values["loss"])
            return weigh(values, real)

        monkeypatch.setattr(module("step"), "weigh", spoiled)

    return spoil


@pytest.fixture
def last(observe) -> tuple[str, str]:
    """Return the name of the last module that has weights, alone and as findings have it."""
    seen, _ = observe()
    names = {name.split(" ")[0]: name for name in seen.outputs}
    owners = [name.rpartition(".")[0] for name in seen.parameters]
    return [(name, names[name]) for name in owners if name in names][-1]


def test_nothing_is_found_in_a_healthy_training(module, capsys):
    capsys.readouterr()
    module("tools.diagnose").main([*SMALL, "--schedule.warmup", "0 steps"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["findings"] == [] and told["after"] < told["loss"]
    assert [str(path) for path in Path("runs").iterdir()] == [told["picture"]]


def test_outputs_are_measured(module):
    network = nn.Sequential(nn.ReLU(), nn.Flatten())
    with module("tools.diagnose").watch(network) as outputs:
        network(torch.tensor([[-1.0, 0.0, 1.0, 3.0]]))
        network(torch.ones(1, 2))
    network(torch.ones(1, 3))
    assert list(outputs) == ["0 ReLU", "1 Flatten"]
    (found, _), deviation = outputs.values(), (1.0 + 1.0 + 0.0 + 4.0) / 4
    assert found.shape == [1, 4] and found.mean == 1.0 and found.zeros == 0.5
    assert found.deviation == pytest.approx(deviation**0.5) and found.broken == 0 and found.fed


def test_changes_are_those_of_the_step(module, config, observe, change, monkeypatch):
    kept = []
    change(lambda network: kept.extend((p, p.detach().clone()) for p in network.parameters()))
    monkeypatch.setattr(module("tools.diagnose"), "LOOKS", 1)
    config.optim.name, config.optim.lr = "SGD", 0.125
    seen, _ = observe(0)
    trained = [(p, before) for p, before in kept if p.requires_grad]
    for (p, before), found in zip(trained, seen.parameters.values(), strict=True):
        assert found.size == pytest.approx(before.norm().item())
        assert found.change == pytest.approx((p - before).norm().item())
        if not {"centralize", "climb"} & vars(module("step")).keys():  # which take another gradient
            assert found.change == pytest.approx(0.125 * found.gradient, rel=1e-3, abs=1e-6)


def test_broken_data_are_named(module, observe, monkeypatch):
    build = module("data").build_loaders

    def built(*given):
        loaders, spec = build(*given)
        loader = loaders["train"]
        transform, extra = loader.transform, torch.tensor([1.0, math.inf, 1.0, 1.0])
        loader.transform = lambda b: transform(b) | {"extra": extra.repeat(len(b["key"]) // 4)}
        return loaders, spec

    monkeypatch.setattr(module("train"), "build_loaders", built)
    assert observe()[1][0] == "25.00% of extra in the batch isn't finite; mend the data"


def test_first_module_that_breaks_is_named(observe, change, last):
    change(lambda network: nn.init.constant_(network.get_submodule(last[0]).weight, math.nan))
    seen, (finding,) = observe()
    assert f" of what {last[1]} makes of finite values isn't finite" in finding
    assert not seen.losses


def test_what_breaks_between_modules_is_named(observe, change, last):
    def spoil(network):
        module = network.get_submodule(last[0])
        module.register_forward_pre_hook(lambda _, given: tuple(x * math.nan for x in given))

    change(spoil)
    assert observe()[1][0].startswith(f"what {last[1]} is given isn't finite")


def test_loss_that_breaks_is_named(observe, spoil):
    spoil(lambda loss: loss * math.nan)
    assert observe()[1] == ["the loss is nan, but no module's output; look at score in model.py"]


@pytest.mark.parametrize(
    ("factor", "finding"),
    [
        (math.nan, "the loss is finite, but not the gradient of {}"),
        (0, "{}: the gradient is 0"),
        (1e-12, "{}: the gradient vanishes"),
    ],
)
def test_gradients_are_judged(observe, change, factor, finding):
    change(lambda network: next(network.parameters()).register_hook(lambda g: g * factor))
    seen, findings = observe()
    assert findings[0].startswith(finding.format(next(iter(seen.parameters))))


def test_missing_gradient_is_found(observe, change):
    change(lambda network: network.register_parameter("unused", nn.Parameter(torch.ones(2))))
    assert observe()[1][0] == "unused: no gradient, for the loss doesn't depend on it"


def test_explosion_is_found(observe, spoil):
    spoil(lambda loss: 1e9 * loss)
    assert any(finding.startswith("the gradient explodes") for finding in observe()[1])


def test_dead_outputs_are_found(observe, change, last):
    def kill(network):
        network.get_submodule(last[0]).register_forward_hook(lambda _, given, made: made * 0)

    change(kill)
    assert f"{last[1]}: 98% or more of the output is 0" in observe()[1][0]


def test_low_rate_is_found(config, observe):
    config.optim.lr = 1e-12
    assert any(finding.endswith("; raise optim.lr") for finding in observe()[1])


def test_standstill_is_found(observe, spoil):
    spoil(lambda loss: loss.detach() + 0 * loss)
    seen, findings = observe(4)
    assert len(seen.losses) == 4 and findings[-1].startswith("4 steps on one batch lower")


def test_compiled_model_is_looked_at(module, change, capsys):
    calls = []

    def backend(graph, inputs):
        calls.append(1)
        return graph.forward

    change(lambda net: vars(net).update(forward=torch.compile(net.forward, backend=backend)))
    with torch._dynamo.config.patch(disable=False):
        module("tools.diagnose").main([*SMALL, "--steps", "1"])
    assert not calls and "weight" in capsys.readouterr().out


def test_processes_see_one_batch(module, command, capsys):
    settings = [*SMALL, *PLAIN, "--steps", "1", "--data.batch_size"]
    done = command("tools.diagnose", *settings, "16", processes=2)
    assert done.returncode == 0, done.stderr
    capsys.readouterr()
    module("tools.diagnose").main([*settings, "32"])
    two, one = (json.loads(x.splitlines()[-1]) for x in (done.stdout, capsys.readouterr().out))
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    assert two["after"] == pytest.approx(one["after"], rel=0.01)
