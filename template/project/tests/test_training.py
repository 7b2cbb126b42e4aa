"""The promises of the training loop: it learns, resumes exactly, and scales without a change."""

import json
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from task import PLAIN, SMALL

CURVE = [*PLAIN, "--optim.name", "SGD", "--optim.args", "{}", "--optim.lr", "1e-3"]
CURVE += ["--log_every", "1 step", "--duration", "30 steps"]
"""a run that rounding changes little: Adam would make steps of it, larger steps cross kinks"""


def ledger(run: str) -> list[dict]:
    """Return the lines of a run's ledger without the speed, which is never twice the same."""
    lines = Path("runs", run, "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(x).items() if "samples_per_s" not in k} for x in lines]


def final_state(run: str) -> tuple[dict, dict]:
    """Return the weights and the other state of a run's last checkpoint."""
    folder = sorted(Path("runs", run, "checkpoints").glob("step-*"))[-1]
    return load_file(folder / "model.safetensors"), torch.load(folder / "state.pt")


def assert_equal(one, other):
    """Compare two nested states bit for bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert_equal(dict(enumerate(one)), dict(enumerate(other)))
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


def assert_alike(one: str, other: str) -> None:
    """Compare the ledgers of two runs in which sums were rounded otherwise.

    What is counted, such as an accuracy, may then be another one for single samples.
    """
    for mine, its in zip(ledger(one), ledger(other), strict=True):
        assert mine.keys() == its.keys()
        for name, value in mine.items():
            close = 0 if name.endswith(("step", "loss", "grad_norm", "lr")) else 0.01
            far = 5e-3 if name.endswith("grad_norm") else 5e-4
            assert its[name] == pytest.approx(value, rel=far, abs=close), name


def test_overfits_one_batch(module, config):
    accelerator = Accelerator(cpu=True)
    loader, _, spec = module("data").build_loaders(config.data, config.seed)
    torch.manual_seed(0)
    model = module("model").build_model(config.model, spec)
    optimizer = module("optim").build_optimizer(model, module("optim").OptimConfig(lr=3e-3))
    model, optimizer = accelerator.prepare(model, optimizer)
    step = module("step")
    take = step.Step(accelerator, model, optimizer, config)
    group = next(loader.groups())
    losses = []
    while not losses or losses[-1] > losses[0] / 20:
        seen, _ = take(group)
        losses.append(step.average(accelerator, step.sum_up(seen))["loss"])
        assert len(losses) < 300


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        (14, []),
        (42, ["--data.workers", "2", "--optim.accumulate", "3"]),
        (42, ["--precision", "bf16", "--schedule.name", "onecycle"]),
        (42, ["--schedule.name", "plateau", "--data.batch_size", "50"]),
    ],
)
def test_resumes_bit_for_bit(train, step, arguments):
    assert train(*arguments, "--name", "whole") == 0
    assert train(*arguments, "--name", "killed", kill_after=step) is None
    assert train(*arguments, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_torn_checkpoint_is_skipped(train):
    assert train("--name", "whole") == 0
    assert train("--name", "killed", kill_after=42) is None
    torn = Path("runs/killed/checkpoints/step-00000042/state.pt")
    torn.write_bytes(torn.read_bytes()[:-100])
    assert train("--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))


def test_finished_run_does_nothing_and_never_starts_anew(train):
    assert train() == 0
    before = ledger("run")
    assert train() == 0
    assert ledger("run") == before
    assert train("--resume", "never") == 0
    assert ledger("run-2") == before


def test_same_curve_however_a_step_is_spread(train, command):
    assert train(*CURVE, "--data.batch_size", "60", "--name", "one") == 0
    half = [*CURVE, "--data.batch_size", "30"]
    assert train(*half, "--optim.accumulate", "2", "--name", "accumulated") == 0
    done = command("train", *SMALL, *half, "--name", "two", processes=2)
    assert done.returncode == 0, done.stderr
    for other in ("accumulated", "two"):
        assert_alike("one", other)


def test_evaluation_counts_each_example_once(module, config):
    accelerator = Accelerator(cpu=True)
    _, loader, spec = module("data").build_loaders(config.data, config.seed)
    model, step = module("model"), module("step")
    network = model.build_model(config.model, spec)
    scores = module("evaluate").evaluate(accelerator, network, loader)
    with torch.no_grad():
        count = len(loader.dataset)
        batch = loader.transform(loader.dataset[list(range(count))])
        values = model.score(model.predict(network.eval(), batch), batch)
    sums = step.sum_up([values | {"weight": step.weigh(values, count)}])
    for name, value in step.average(accelerator, sums).items():
        assert scores[name] == pytest.approx(value, rel=1e-5)


def test_batches_are_the_same_however_many_are_put_together(module, config, monkeypatch):
    """From anywhere in a pass, and to the bit where a run goes on from there."""

    def build(at_once: int):
        monkeypatch.setattr(module("loader"), "AT_ONCE", at_once)
        return module("data").build_loaders(config.data, config.seed, accumulate=2)[0]

    one, many = build(1), build(2**18)
    window = one.plan.window
    whole = list(many.groups(1))
    for seen in (0, window, 2 * window):
        rest = list(many.groups(1, seen))
        for group, alone, again in zip(
            rest, one.groups(1, seen), whole[seen // window :], strict=True
        ):
            assert_equal(group.samples, again.samples)
            assert_equal(group.batches, again.batches)
            assert_equal(group.samples, alone.samples)
            torch.testing.assert_close(group.batches, alone.batches, rtol=1e-4, atol=1e-5)


def test_weights_of_examples_count(module, config, monkeypatch):
    """Examples of weight 0 are as if they weren't there, in the gradient and in the scores."""
    step = module("step")
    loader, _, spec = module("data").build_loaders(config.data, config.seed)
    group = next(loader.groups())
    batch, _ = group.batches[0]
    half = {name: value[:20] for name, value in batch.items()}
    plain = step.score

    def gradients(group, score):
        monkeypatch.setattr(step, "score", score)
        torch.manual_seed(0)
        model = module("model").build_model(config.model, spec).eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        accelerator = Accelerator(cpu=True)
        prepared = accelerator.prepare(model, optimizer)
        seen, _ = step.Step(accelerator, *prepared, config)(group)
        return step.average(accelerator, step.sum_up(seen)), list(model.parameters())

    def weighted(outputs, batch):
        values = plain(outputs, batch)
        weight = torch.arange(len(values["loss"])) % 64 < 20  # twice as many rows with mixup
        return values | {"weight": weight * values.get("weight", 1.0)}

    one = gradients(group, weighted)
    other = gradients(group._replace(batches=[(half, 20)], samples=group.samples[:20]), plain)
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    torch.testing.assert_close(one[1], other[1])
