"""The promises of the task: both players learn by their own losses, and images come of it."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from test_training import ledger


@pytest.fixture
def players(module, config):
    """Return a network, a batch, and the parameters of the generator and of the critic."""
    loaders, spec = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    torch.manual_seed(0)
    model = module("model").build_model(config.model, spec)
    parts = list(model.generator.parameters()), list(model.critic.parameters())
    return model, next(loader.groups()).batches[0][0], *parts


def test_learns_the_data(module):
    assert module("train").main(["--name", "run", "--duration", "12 epochs"]) == 0
    best = min(line.get("eval/frechet", 9) for line in ledger("run"))
    assert best < 0.4  # of an untrained generator it is over 3


def test_each_player_has_the_gradient_of_its_own_loss(module, players):
    """Those of two losses and two backward passes, as in the paper."""
    model, batch, generator, critic = players
    module("model").score(module("model").predict(model, batch), batch)["loss"].mean().backward()
    label, draw = batch["label"], batch["draw"]
    made = model.generator(module("model").normal(draw, model.noise), label)
    share = module("core.rng").uniform(draw, 1, module("core.rng").mix("between"))[:, :, None, None]
    between = torch.lerp(made.detach(), batch["image"], share).requires_grad_()

    def value(images):
        return model.critic(images)[torch.arange(len(label)), label]

    (slope,) = torch.autograd.grad(value(between).sum(), between, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1) ** 2
    loss = (value(made.detach()) - value(batch["image"]) + 10 * penalty).mean()
    expected = torch.autograd.grad(-value(made).mean(), generator)
    expected += torch.autograd.grad(loss, critic)
    for parameter, gradient in zip([*generator, *critic], expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_noise_is_normal(module):
    normal = module("model").normal
    numbers = normal(torch.arange(20_000) + module("core.rng").mix("test"), 4).double()
    torch.testing.assert_close(numbers.mean(0), torch.zeros(4).double(), atol=0.03, rtol=0)
    torch.testing.assert_close(numbers.T.cov(), torch.eye(4).double(), atol=0.04, rtol=0)
    assert numbers.abs().max() < 6 and (numbers.abs() > 3).double().mean() < 0.004


def test_sizes_that_cannot_be_halved_fit(module, config):
    config.data.size, config.data.channels, config.model.stages = 13, 3, 3
    loaders, spec = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    batch, _ = next(loader.groups()).batches[0]
    outputs = module("model").predict(module("model").build_model(config.model, spec), batch)
    assert outputs["made"].shape == batch["image"].shape == (64, 3, 13, 13)


def test_sample_draws_what_its_seed_says(train, command, module):
    assert train("--duration", "14 steps", "--schedule.warmup", "0 steps") == 0
    done = command("sample", "--run", "runs/run", "--count", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("runs/run/samples-0.png shows")
    first = Path("runs/run/samples-0.png").read_bytes()
    assert Image.open("runs/run/samples-0.png").size == (4 * 10 * 9, 4 * 3 * 9)
    Path("runs/run/samples-0.png").unlink()
    for seed in ("0", "1"):
        module("sample").main(["--run", "runs/run", "--count", "3", "--seed", seed])
    assert Path("runs/run/samples-0.png").read_bytes() == first
    assert Path("runs/run/samples-1.png").read_bytes() != first


def test_predict_tells_the_value_as_each_class(train, call):
    assert train("--duration", "14 steps", "--schedule.warmup", "0 steps") == 0
    Image.new("L", (8, 8)).save("black.png")
    (told,) = call("predict", "--run", "runs/run", "--input", "black.png")
    assert told["input"] == "black.png" and list(told["critic"]) == [str(i) for i in range(10)]
    assert json.loads(json.dumps(told)) == told
