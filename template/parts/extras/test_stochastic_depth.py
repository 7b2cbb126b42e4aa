"""The promises of stochastic depth: whole examples, at the rate of the depth, and in training."""

import copy

import pytest
import torch
from task import SMALL
from test_training import assert_equal, final_state, ledger
from torch import nn


class Block(nn.Module):
    """A branch without a shortcut, which lets one look at it."""

    def __init__(self):
        super().__init__()
        self.begin, self.end = nn.Identity(), nn.Identity()

    def forward(self, x):
        return self.end(self.begin(x))


@pytest.fixture
def blocks(module) -> nn.ModuleList:
    """Return three blocks, the last of which is dropped for six of ten examples."""
    technique, blocks = module("extras.stochastic_depth"), nn.ModuleList(Block() for _ in range(3))
    cfg = technique.StochasticDepthConfig(rate=0.6, branches="end$")
    technique.drop_paths(blocks, cfg)
    return blocks


@pytest.mark.parametrize("copied", [False, True])
def test_examples_are_dropped_whole_and_by_depth(blocks, copied):
    torch.manual_seed(0)
    x = torch.rand(20_000, 2, 3) + 0.5
    if copied:
        original, blocks = blocks, copy.deepcopy(blocks)
        original.eval()
    for block, rate in zip(blocks, (0.2, 0.4, 0.6), strict=True):
        found = block(x)
        dropped = (found == 0).flatten(1)
        assert torch.equal(dropped.all(1), dropped.any(1))
        assert dropped[:, 0].float().mean().item() == pytest.approx(rate, abs=0.02)
        kept = ~dropped[:, 0]
        torch.testing.assert_close(found[kept], x[kept] / (1 - rate))
        assert found.mean().item() == pytest.approx(x.mean().item(), rel=0.03)
    assert not torch.equal(blocks[2](x), blocks[2](x))


def test_evaluation_drops_nothing(blocks):
    x = torch.rand(100, 2)
    for block in blocks.eval():
        assert torch.equal(block(x), x)


class Attention(nn.Module):
    """What gives more than its branch."""

    def __init__(self, give):
        super().__init__()
        self.give = give

    def forward(self, x):
        return self.give(x)


def test_branch_in_a_tuple_is_dropped_alone(module):
    technique, x = module("extras.stochastic_depth"), torch.rand(50, 2, 3) + 0.5
    cfg = technique.StochasticDepthConfig(rate=0.6, branches="attention")
    network = nn.ModuleDict({"attention": Attention(lambda x: (x, None, x))})
    technique.drop_paths(network, cfg)
    branch, none, weights = network["attention"](x)
    dropped = (branch == 0).flatten(1)
    assert 0 < dropped.all(1).sum() < 50 and torch.equal(dropped.all(1), dropped.any(1))
    assert none is None and torch.equal(weights, x)


def test_branch_that_is_no_tensor_is_refused(module):
    technique, network = module("extras.stochastic_depth"), nn.ModuleDict({"end": Attention(dict)})
    technique.drop_paths(network, technique.StochasticDepthConfig(branches="end"))
    with pytest.raises(
        module("core.errors").UserError, match="branches: Attention gives a dict, not"
    ):
        network["end"]([])


def test_branches_of_the_model_are_dropped(module):
    cfg = module("config").parse_config([*SMALL, "--stochastic_depth.rate", "1"])
    loaders, spec = module("data").build_loaders(cfg.data, cfg.seed)
    loader = loaders["train"]
    network = module("train").build_network(cfg, spec)
    batch, _ = next(loader.groups()).batches[0]
    ends, seen = [m for m in network.modules() if m._forward_hooks], []
    for parameter in network.parameters():
        parameter.data += 0.1  # some may be zero at first
    for end in ends:
        end.register_forward_hook(lambda _, inputs, outputs: seen.append(outputs))
    module("model").predict(network, batch)
    assert len(seen) == len(ends) and all(len(each) == len(batch["key"]) for each in seen)
    assert not seen[-1].any() and (len(ends) == 1 or seen[0].any())
    assert all(part in ends for part in last_of_each_block(network, ends))


def last_of_each_block(network: nn.Module, ends: list[nn.Module]) -> list[nn.Module]:
    """Return the modules of the same place in other blocks as those that are dropped."""
    names = {name.rpartition(".")[2] for name, module in network.named_modules() if module in ends}
    return [m for name, m in network.named_modules() if name.rpartition(".")[2] in names]


def test_rate_of_zero_changes_nothing(module):
    cfg = module("config").parse_config([*SMALL, "--stochastic_depth.rate", "0"])
    loaders, spec = module("data").build_loaders(cfg.data, cfg.seed)
    loader = loaders["train"]
    network = module("train").build_network(cfg, spec).eval()
    batch, _ = next(loader.groups()).batches[0]
    predict, results = module("model").predict, []
    for _ in range(2):
        results.append(predict(network, batch))
        for each in network.modules():
            each._forward_hooks.clear()
    assert_equal(*results)


def test_rate_of_zero_needs_no_branches(module):
    technique, network = module("extras.stochastic_depth"), Block()
    technique.drop_paths(network, technique.StochasticDepthConfig(rate=0, branches="x y"))


def test_unknown_branch_is_refused(module, train):
    with pytest.raises(
        module("core.errors").UserError, match=r"branches: no module's name holds 'x y'"
    ):
        train("--stochastic_depth.branches", "x y")
    with pytest.raises(module("core.errors").UserError, match=r"branches: no pattern: missing \)"):
        train("--stochastic_depth.branches", "(x")


def test_resumes_bit_for_bit(train):
    settings = ["--stochastic_depth.rate", "0.5"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=42) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
