"""The promises of gradient checkpointing: less is kept, and the gradients are the same."""

import copy
from types import SimpleNamespace

import pytest
import torch
from task import SMALL
from test_training import assert_equal, final_state, ledger
from torch import nn

OFF = ["--gradient_checkpointing.blocks", "[]"]


class Block(nn.Module):
    """A layer with dropout beside a shortcut."""

    def __init__(self):
        super().__init__()
        self.linear, self.dropout = nn.Linear(8, 8), nn.Dropout(0.5)

    def forward(self, x):
        return x + self.dropout(torch.relu(self.linear(x)))


@pytest.fixture
def blocks(module) -> nn.Sequential:
    """Return three blocks that are computed twice."""
    torch.manual_seed(0)
    technique, blocks = (
        module("extras.gradient_checkpointing"),
        nn.Sequential(*(Block() for _ in "123")),
    )
    technique.checkpoint_blocks(blocks, technique.GradientCheckpointingConfig())
    return blocks


def test_gradients_are_the_same_of_less(module):
    results = []
    for settings in (OFF, []):
        cfg = module("config").parse_config([*SMALL, *settings])
        loaders, spec = module("data").build_loaders(cfg.data, cfg.seed)
        loader = loaders["train"]
        network = module("train").build_network(cfg, spec)
        batch, _ = next(loader.groups()).batches[0]
        kept, calls = {}, []

        def keep(value, kept=kept):
            kept[value.data_ptr()] = value.nbytes
            return value

        inside = [
            m for block in find_blocks(network) for m in block.modules() if not [*m.children()]
        ]
        for each in inside:
            each.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        torch.manual_seed(1)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
            outputs = module("model").predict(network, batch)
            loss = module("model").score(outputs, batch)["loss"].mean()
        once = len(calls)
        loss.backward()
        results.append((sum(kept.values()), len(calls) / once, loss, gradients(network)))
    (whole, *first), (less, *again) = results
    assert less < whole and first[0] == 1 and again[0] > 1.5
    assert_equal(first[1:], again[1:])


def find_blocks(network: nn.Module) -> list[nn.Module]:
    """Return the modules that are computed twice if that is on."""
    kinds = [[kind.__name__ for kind in type(m).__mro__] for m in network.modules()]
    wanted = {"Block", "GradientCheckpointingLayer"}
    return [m for m, kind in zip(network.modules(), kinds, strict=True) if wanted & {*kind}]


def gradients(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return the gradients by the names of their weights."""
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


def test_copy_computes_with_its_own_weights(blocks):
    x = torch.rand(4, 8)
    another = copy.deepcopy(blocks).eval()
    with torch.no_grad():
        for parameter in another.parameters():
            parameter.zero_()
    assert torch.equal(another(x), x)
    assert not torch.equal(blocks.eval()(x), x)
    assert list(another.state_dict()) == list(nn.Sequential(Block(), Block(), Block()).state_dict())


class Normed(Block):
    """A block with batch normalisation."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        return super().forward(self.norm(x))


def test_batch_normalisation_sees_a_batch_once(module):
    technique, results = module("extras.gradient_checkpointing"), []
    for blocks in ([], ["Normed"]):
        torch.manual_seed(0)
        network = nn.Sequential(Normed(), Normed())
        cfg = technique.GradientCheckpointingConfig(blocks=blocks)
        technique.checkpoint_blocks(network, cfg)
        network(torch.rand(4, 8)).sum().backward()
        results.append(network.state_dict() | gradients(network))
        assert all(block.norm.num_batches_tracked == 1 for block in network)
    assert_equal(*results)


def test_cache_of_a_decoder_is_off(module, blocks):
    technique, network = module("extras.gradient_checkpointing"), nn.Sequential(blocks)
    network.config = SimpleNamespace(use_cache=True)
    technique.checkpoint_blocks(network, technique.GradientCheckpointingConfig(blocks=[]))
    assert network.config.use_cache
    technique.checkpoint_blocks(network, technique.GradientCheckpointingConfig())
    assert not network.config.use_cache


def test_goes_with_a_compiler(blocks):
    x, results = torch.rand(4, 8), []
    torch.compiler.reset()
    with torch._dynamo.config.patch(disable=False):
        compiled = torch.compile(blocks.eval(), backend="aot_eager", fullgraph=True)
        for run in (blocks, compiled):
            blocks.zero_grad()
            run(x).sum().backward()
            results.append(gradients(blocks))
    torch.testing.assert_close(*results)


def test_class_that_is_not_there_is_refused(module, train):
    with pytest.raises(module("core.errors").UserError, match=r"blocks: 'Blok'.*allowed: [A-Z]"):
        train("--gradient_checkpointing.blocks", "[Blok]")


def test_run_is_that_without_it_and_resumes_bit_for_bit(train):
    assert train(*OFF, "--name", "plain") == 0
    assert train("--name", "killed", kill_after=42) is None
    assert train("--name", "killed") == 0
    assert_equal(final_state("plain"), final_state("killed"))
    assert ledger("plain") == ledger("killed")
