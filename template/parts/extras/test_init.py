"""The promises of the initialisation: it is the one that was asked for, everywhere and once."""

import re

import pytest
import torch
from task import SMALL
from test_training import assert_equal, final_state, ledger
from torch import nn


class Model(nn.Module):
    """An embedding that is the last layer, too, and what lies between."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(300, 200, padding_idx=7)
        self.conv = nn.Conv2d(40, 60, 3)
        self.linear = nn.Linear(200, 400)
        self.norm = nn.BatchNorm2d(60)
        self.head = nn.Linear(200, 300)
        self.head.weight = self.embedding.weight


@pytest.mark.parametrize(
    ("scheme", "linear", "conv"),
    [
        ("xavier_uniform", (2 / 600) ** 0.5, (2 / 900) ** 0.5),
        ("xavier_normal", (2 / 600) ** 0.5, (2 / 900) ** 0.5),
        ("kaiming_uniform", (2 / 200) ** 0.5, (2 / 360) ** 0.5),
        ("kaiming_normal", (2 / 200) ** 0.5, (2 / 360) ** 0.5),
        ("orthogonal", 400**-0.5, 360**-0.5),
        ("normal", 0.03, 0.03),
    ],
)
def test_weights_have_the_scheme_s_distribution(module, scheme, linear, conv):
    torch.manual_seed(0)
    model = Model()
    module("extras.init").initialize(
        model, module("extras.init").InitConfig(scheme=scheme, std=0.03)
    )
    for weight, std in ((model.linear.weight, linear), (model.conv.weight, conv)):
        assert weight.std().item() == pytest.approx(std, rel=0.03)
        # A uniform distribution ends at 3^0.5 standard deviations, no other one does.
        assert (weight.abs().max() <= 1.7321 * std) == scheme.endswith("uniform")
    if scheme == "orthogonal":
        rows = model.conv.weight.flatten(1)
        torch.testing.assert_close(rows @ rows.T, torch.eye(60), atol=1e-5, rtol=0)
    assert model.embedding.weight.std().item() == pytest.approx(0.03, rel=0.03)
    assert not model.embedding.weight[7].any()
    assert not any(each.bias.any() for each in (model.linear, model.conv, model.head))
    assert (model.norm.weight == 1).all()


def test_shared_weight_is_drawn_once(module):
    model = nn.Module()
    model.one, model.other = nn.Linear(4, 4), nn.Linear(4, 4)
    model.other.weight = model.one.weight
    torch.manual_seed(3)
    module("extras.init").initialize(model, module("extras.init").InitConfig())
    drawn, state = model.one.weight.clone(), torch.get_rng_state()
    torch.manual_seed(3)
    torch.testing.assert_close(drawn, nn.init.kaiming_normal_(torch.empty(4, 4)))
    assert torch.equal(torch.get_rng_state(), state)


def test_pattern_makes_zeros(module):
    init, model = module("extras.init"), Model()
    init.initialize(model, init.InitConfig(zero=r"^norm\.weight$|linear"))
    assert not any(value.any() for value in (model.norm.weight, model.linear.weight))
    assert model.conv.weight.any()
    with pytest.raises(module("core.errors").UserError, match=r"init.zero: .*'norm3'"):
        init.initialize(model, init.InitConfig(zero="norm3"))
    with pytest.raises(module("core.errors").UserError, match=r"init.zero: no pattern: missing \)"):
        module("config").parse_config(["--init.zero", "(x"])


def test_model_of_a_run_has_it(module):
    cfg = module("config").parse_config(SMALL)
    _, spec = module("data").build_loaders(cfg.data, cfg.seed)
    network = module("train").build_network(cfg, spec)
    torch.manual_seed(cfg.seed)
    expected = module("model").build_model(cfg.model, spec)
    module("extras.init").initialize(expected, cfg.init)
    assert_equal(dict(network.state_dict()), dict(expected.state_dict()))
    ends = [p for name, p in network.named_parameters() if re.search(cfg.init.zero or "^$", name)]
    assert not any(p.any() for p in ends) and bool(ends) == bool(cfg.init.zero)
    cfg.init.scheme = "xavier_uniform"
    another = module("train").build_network(cfg, spec)
    pairs = zip(network.parameters(), another.parameters(), strict=True)
    assert any(not torch.equal(*pair) for pair in pairs)


def test_resumes_bit_for_bit(train):
    settings = ["--init.scheme", "xavier_uniform"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=42) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
