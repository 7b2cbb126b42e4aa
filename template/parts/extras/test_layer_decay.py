"""The promises of layer-wise learning rates: the factors, and that they stay."""

from types import SimpleNamespace

import pytest
import torch
from task import SMALL
from test_training import final_state
from torch import nn

NAMES = [
    ("bert.embeddings.words.weight", 3),
    ("bert.embeddings.places.weight", 3),
    ("bert.encoder.layer.0.query.weight", 2),
    ("bert.encoder.layer.0.norms.1.bias", 2),
    ("bert.encoder.layer.1.query.weight", 1),
    ("classifier.weight", 0),
    ("classifier.bias", 0),
]
"""names of parameters, with the layers above each"""


def test_factors_by_hand(module):
    factors = module("extras.layer_decay").layer_factors([name for name, _ in NAMES], 0.5)
    assert factors == {name: 0.5**above for name, above in NAMES}


def test_layer_on_top_of_the_blocks_is_one_of_its_own(module):
    names = ["bert.words.weight", "bert.layer.0.weight", "bert.pooler.weight", "head.weight"]
    factors = module("extras.layer_decay").layer_factors(names, 0.5)
    assert [factors[name] for name in names] == [0.125, 0.25, 0.5, 1]


def test_rates_follow_the_schedule_and_the_scales(module):
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))
    settings = {"name": "SGD", "lr": 0.1, "layer_decay": 0.5, "lr_scale": {"bias": 3.0}}
    optim, schedule = module("optim"), module("schedule")
    optimizer = optim.build_optimizer(model, optim.OptimConfig(**settings))
    cfg = schedule.ScheduleConfig(name="cosine", warmup="5 steps")
    course = schedule.build_schedule(optimizer, cfg, 40, 10, "min")
    factors = {"0.weight": 0.25, "0.bias": 0.75, "1.weight": 0.5, "1.bias": 1.5, "2.bias": 3.0}
    for _ in range(39):
        rates = {p: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        last = rates[model[2].weight]
        for name, p in model.named_parameters():
            assert rates[p] == pytest.approx(last * factors.get(name, 1.0), rel=1e-6)
        optimizer.step()
        course.step()


class HeadFirst(nn.Module):
    """A model that is defined in another order than it is used in."""

    def __init__(self):
        super().__init__()
        self.head, self.body = nn.Linear(8, 3), nn.Sequential(nn.Linear(4, 8), nn.ReLU())

    def forward(self, x):
        return self.head(self.body(x))


def test_layers_defined_out_of_order_are_refused(module):
    decay, batch = module("extras.layer_decay"), ({"x": torch.rand(2, 4)}, 2)
    group = SimpleNamespace(batches=[batch])
    loader = SimpleNamespace(device="cpu", groups=lambda: iter([group]))
    model = SimpleNamespace(predict=lambda network, batch: network(batch["x"]))
    with pytest.raises(module("core.errors").UserError, match=r"body\.0 is used before head and"):
        decay.check_order(HeadFirst(), loader, model, 0.5)
    decay.check_order(HeadFirst(), loader, model, 1.0)
    network = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(8, 3)))
    decay.check_order(network, loader, model, 0.5)
    assert network.training and not any(m._forward_pre_hooks for m in network.modules())


@pytest.mark.parametrize("value", ["0", "1.1"])
def test_refuses_what_is_no_factor(module, value):
    with pytest.raises(module("core.errors").UserError, match=r"optim.layer_decay"):
        module("train").main(["--optim.layer_decay", value])


def test_run_decays_the_rates_of_its_layers(module, train):
    settings = ["--duration", "14 steps", "--optim.lr_scale", "{}", "--schedule.name", "constant"]
    assert train(*settings, "--schedule.warmup", "0 steps", "--optim.layer_decay", "0.5") == 0
    cfg = module("config").parse_config(SMALL)
    _, spec = module("data").build_loaders(cfg.data, cfg.seed)
    network = module("model").build_model(cfg.model, spec)
    names = [name for name, _ in network.named_parameters()]
    factors = sorted({*module("extras.layer_decay").layer_factors(names, 0.5).values()})
    rates = [group["lr"] for group in final_state("run")[1]["optimizer"]["param_groups"]]
    assert len(factors) > 1
    assert sorted({rate / max(rates) for rate in rates}) == pytest.approx(factors)
    assert all(type(rate) is float for rate in rates)
