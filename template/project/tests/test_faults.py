"""What goes wrong ends in one line that names it, with the last checkpoint whole."""

import dataclasses
import json
import os
import resource
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState
from accelerate.utils.operations import recursively_apply
from filelock import FileLock
from test_training import assert_equal, final_state, ledger


@pytest.fixture
def loader(module, config):
    """Return the training data's loader."""
    return module("data").build_loaders(config.data, config.seed)[0]


@pytest.fixture
def poison(module, monkeypatch, loader):
    """Return a function after which samples of an epoch have outputs that are NaN in training."""
    predict = module("model").predict

    def poison(samples: Iterable[int], epoch: int) -> None:
        keys = epoch * len(loader.dataset) + torch.tensor(list(samples))

        def poisoned(model, batch):
            factor = torch.where(torch.isin(batch["key"], keys), float("nan"), 1.0)
            outputs = predict(model, batch)
            return recursively_apply(lambda x: x * factor.view(-1, *[1] * (x.ndim - 1)), outputs)

        monkeypatch.setattr(module("step"), "predict", poisoned)

    return poison


def test_gradient_that_is_not_finite_ends_the_run(train, module, poison):
    poison([100], epoch=1)
    with pytest.raises(module("errors").RunError, match=r"norm is nan at step .*epoch 2;"):
        train("--data.batch_size", "8", "--duration", "3 epochs", "--save_every", "1 epoch")
    (checkpoint,) = Path("runs/run/checkpoints").iterdir()
    assert module("checkpoint").is_whole(checkpoint)
    assert json.loads(Path("runs/run/status.json").read_text())["state"] == "failed"


def test_the_step_is_named_however_seldom_is_looked(train, module, poison, loader):
    steps = {sample.item(): i for i, g in enumerate(loader.groups(), 1) for sample in g.samples}
    poison([100], epoch=0)
    with pytest.raises(module("errors").RunError) as caught:
        train("--log_every", "20 steps")
    assert f"at step {steps[100]}, on samples " in str(caught.value)


def test_such_steps_can_be_left_out(train, module, poison, caplog):
    poison([100, 101], epoch=1)
    arguments = ["--optim.max_skips", "2", "--log_every", "1 step"]
    assert train(*arguments, "--name", "whole") == 0
    assert 1 <= caplog.text.count("is left out: norm nan") <= 2
    assert sum(line.get("train/loss", 0) is None for line in ledger("whole")) in (1, 2)
    assert train(*arguments, "--name", "killed", kill_after=28) is None
    assert train(*arguments, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert all(value.isfinite().all() for value in final_state("whole")[0].values())


def test_only_so_many_in_a_row(train, module, poison, loader):
    poison(range(len(loader.dataset)), epoch=1)
    step = len(loader) + 3
    with pytest.raises(module("errors").RunError, match=f"norm is nan at step {step}, on samples"):
        train("--optim.max_skips", "2")


@pytest.mark.parametrize("skips", ["0", "2"])
def test_overflow_of_the_fp16_scale_is_no_fault(train, module, monkeypatch, caplog, skips):
    """On a CPU, with a GPU's scaler, which begins far too high and so leaves steps out."""
    start = module("train").start

    def scaled(precision):
        AcceleratorState._reset_state()
        accelerator = start(precision)
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**28)
        accelerator.state._mixed_precision, accelerator.native_amp = "fp16", True
        return accelerator

    monkeypatch.setattr(module("train"), "start", scaled)
    arguments = ["--optim.max_skips", skips, "--log_every", "1 step"]
    assert train(*arguments, "--name", "whole") == 0
    norms = [line["train/grad_norm"] for line in ledger("whole") if "train/loss" in line]
    assert norms[0] is None and norms[-1] and norms.count(None) <= 16 and not caplog.text
    assert train(*arguments, "--name", "killed", kill_after=7) is None
    assert train(*arguments, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_loss_that_is_not_finite_ends_the_run(train, module, monkeypatch):
    weigh = module("step").weigh

    def infinite(values, real):
        return weigh(values | {"loss": values["loss"] + float("inf")}, real)

    monkeypatch.setattr(module("step"), "weigh", infinite)
    with pytest.raises(module("errors").RunError, match=r"loss is (inf|nan) at step \d"):
        train()


def test_full_disk_leaves_the_last_checkpoint(train, module):
    assert train("--name", "whole") == 0
    assert train("--name", "run", kill_after=21) is None
    size = Path("runs/run/checkpoints/step-00000021/model.safetensors").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, hard))
    try:
        with pytest.raises(module("errors").Fault, match=r"can't be written: .* too large"):
            train("--name", "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(p.name for p in Path("runs/run/checkpoints").iterdir())[-1] == "step-00000021"
    assert train("--name", "run") == 0
    assert_equal(final_state("whole"), final_state("run"))


def test_dead_loader_worker(train, module, monkeypatch, capsys):
    monkeypatch.setattr(module("loader"), "ignore_signals", os._exit)
    with pytest.raises(SystemExit) as caught:
        module("errors").run_command(lambda argv: train("--data.workers", "1"))
    assert caught.value.code == 1
    assert "error: a loader worker died" in capsys.readouterr().err


def test_lack_of_memory_says_what_to_lower(module, monkeypatch, capsys):
    def fail(argv):
        raise torch.OutOfMemoryError("tried to allocate 20 GiB\nand more")

    with pytest.raises(SystemExit) as caught:
        module("errors").run_command(fail)
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: out of memory; lower data.batch_size and raise optim.accumulate")


def test_code_in_a_checkpoint_is_not_executed(train, module):
    class Malicious:
        def __reduce__(self):
            return Path("executed").touch, ()

    assert train("--duration", "7 steps", "--schedule.warmup", "0 steps") == 0
    folder = Path("runs/run/checkpoints/step-00000007")
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, words in (("state.pt", "holds code"), ("model.safetensors", "is not a file of")):
        torch.save({"progress": Malicious()}, folder / name)
        manifest["crc32"][name] = zlib.crc32((folder / name).read_bytes())
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert module("checkpoint").is_whole(folder)
        with pytest.raises(module("errors").UserError, match=words):
            train("--duration", "7 steps", "--schedule.warmup", "0 steps")
    assert not Path("executed").exists()
    torch.load(folder / "state.pt", weights_only=False)
    assert Path("executed").exists()  # it would have been


def test_another_model_is_refused_by_its_first_difference(train, module, monkeypatch):
    assert train("--duration", "7 steps", "--schedule.warmup", "0 steps") == 0
    build = module("train").build_model

    def wider(cfg, spec):
        return build(dataclasses.replace(cfg, width=2 * cfg.width), spec)

    monkeypatch.setattr(module("train"), "build_model", wider)
    with pytest.raises(module("errors").UserError, match=r" is \[.*\] there and"):
        train("--duration", "7 steps", "--schedule.warmup", "0 steps")


def test_another_number_of_examples_per_step_is_refused(train, module):
    assert train(kill_after=7) is None
    with pytest.raises(module("errors").UserError, match=r"x processes \d+, not 6;"):
        train("--data.batch_size", "6")


def test_run_in_use_is_refused(train, module, monkeypatch):
    assert train(kill_after=7) is None
    monkeypatch.setattr(module("run"), "PATIENCE", 0)
    with (
        FileLock("runs/run/.lock"),
        pytest.raises(module("errors").UserError, match="in use by another process"),
    ):
        train()


def test_folder_that_cannot_be_written_is_refused(train, module):
    Path("runs").touch()
    with pytest.raises(module("errors").UserError, match="the run folder can't be written"):
        train()
