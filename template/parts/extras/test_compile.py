"""The promises of torch.compile: it takes the whole model and changes nothing but the speed."""

import shutil

import pytest
import torch
from test_training import assert_equal, final_state, ledger
from torch import nn

FEW = ["--duration", "14 steps", "--log_every", "1 step", "--eval_every", "7 steps"]
FEW += ["--schedule.warmup", "0 steps"]
AOT = ["--compile.backend", "aot_eager"]
"""goes the way of inductor, up to where that writes code and compiles it"""


@pytest.fixture(autouse=True)
def compiler():
    """Compile here, from nothing, also where the other tests go without."""
    torch.compiler.reset()
    with torch._dynamo.config.patch(disable=False):
        yield


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_whole_model_is_compiled(train, precision):
    graphs = []

    def count(graph, inputs):
        graphs.append([])
        calls = graphs[-1]
        return lambda *arguments: calls.append(1) or graph.forward(*arguments)

    torch._dynamo.register_backend(count, name=f"count_{precision}")
    assert train(*FEW, "--precision", precision, "--compile.backend", f"count_{precision}") == 0
    # One graph for training and one for evaluation, called for each batch, for SAM twice.
    assert len(graphs) == 2 and all(graphs) and {14, 28} & set(map(len, graphs))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_compiled_model_trains_alike(train, precision):
    settings = [*FEW, *AOT, "--precision", precision]
    assert train(*settings, "--name", "compiled") == 0
    with torch._dynamo.config.patch(disable=True):
        assert train(*settings, "--name", "eager") == 0
    for compiled, eager in zip(ledger("compiled"), ledger("eager"), strict=True):
        assert compiled == pytest.approx(eager, rel=0.05, abs=0.02)
    assert final_state("compiled")[0].keys() == final_state("eager")[0].keys()


def test_compiled_model_resumes_bit_for_bit(train):
    assert train(*AOT, "--name", "whole") == 0
    assert train(*AOT, "--name", "killed", kill_after=42) is None
    torch.compiler.reset()
    assert train(*AOT, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_unknown_backend_is_refused(module, train):
    with pytest.raises(
        module("core.errors").UserError, match=r"compile.backend: .*did you mean induc"
    ):
        train("--compile.backend", "inductr")


@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler on a CPU")
def test_inductor_gives_the_same(module):
    torch.manual_seed(0)
    model, batch = nn.Sequential(nn.Linear(8, 8), nn.ReLU()), torch.randn(4, 8)
    results = []
    for compiled in (False, True):
        if compiled:
            module("extras.compile").compile_model(model, module("extras.compile").CompileConfig())
        outputs = model(batch)
        (gradient,) = torch.autograd.grad(outputs.square().sum(), model[0].weight)
        results.append((outputs, gradient))
    torch.testing.assert_close(*results)
