"""The promises of the diagnosis: it names what is wrong, and nothing where nothing is."""

import json
import math
from pathlib import Path

import pytest
import torch
from task import PLAIN, SMALL
from torch import nn


def test_nothing_is_found_in_a_healthy_training(module, capsys):
    capsys.readouterr()
    module("tools.diagnose").main([*SMALL, "--schedule.warmup", "0 steps"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["findings"] == [] and told["after"] < told["loss"]
    assert [str(path) for path in Path("runs").iterdir()] == [told["picture"]]


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
