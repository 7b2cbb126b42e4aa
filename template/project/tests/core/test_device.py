"""The model runs nothing that is known to break on a common CPU, and one that does is told of."""

import torch
from torch import nn


def test_fragile_convolution_is_told_of(module, config, monkeypatch, caplog):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    _, spec = module("data").build_loaders(config.data, config.seed)
    module("train").build_network(config, spec)
    assert not caplog.records
    sound = [nn.Conv2d(8, 4, 1, 2), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 2), nn.Linear(4, 4)]
    network = nn.ModuleDict({"sound": nn.ModuleList(sound), "shortcut": nn.Conv2d(4, 8, 1, 2)})
    for _ in range(2):
        module("core.device").warn_of_fragile(network)
    (record,) = caplog.records
    assert record.message.startswith("shortcut: a 1 x 1 convolution with a stride and 4 channels")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    assert not list(module("core.device").find_fragile(network))
