"""The promises of torch.compile: it is the whole model, and changes nothing but the speed."""

import shutil

import pytest
import torch
from test_training import assert_equal, final_state, ledger

SHORT = ["--duration", "14 steps", "--log_every", "1 step", "--eval_every", "7 steps"]
AOT = ["--compile.backend", "aot_eager"]
"""goes the way of inductor up to where that writes and compiles code"""


@pytest.fixture(autouse=True)
def compiler(monkeypatch):
    """Start with nothing compiled, also where an environment variable keeps it off."""
    monkeypatch.setattr("torch._dynamo.config.disable", False)
    torch.compiler.reset()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_whole_model_is_compiled(train, monkeypatch, precision):
    graphs = []

    def count(graph, inputs):
        calls = []
        graphs.append(calls)
        return lambda *arguments: calls.append(None) or graph.forward(*arguments)

    monkeypatch.setitem(torch._dynamo.backends.registry._COMPILER_FNS, "count", count)
    assert train(*SHORT, "--precision", precision, "--compile.backend", "count") == 0
    # One graph for training, one for evaluation: 360 images in batches of 64, twice.
    assert [len(calls) for calls in graphs] == [14, 12]
