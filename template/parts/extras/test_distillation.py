"""The promises of distillation: the loss is the formula's, a student comes close, it resumes."""

import shutil
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from task import OTHER
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger
from torch import nn

TEACHER = ["--distillation.teacher", "runs/teacher"]


@pytest.fixture
def teacher(train, tmp_path_factory) -> Path:
    """Return the run of a teacher of another width, which is trained once for all tests."""
    kept, run = tmp_path_factory.getbasetemp() / "teacher", Path("runs/teacher")
    if not kept.exists():
        assert train("--name", "teacher", "--model.width", "24") == 0
        shutil.copytree(run, kept)
    return shutil.copytree(kept, run, dirs_exist_ok=True)


@pytest.fixture
def imitate(module):
    """Return a function that gives the loss [b] of logits and the teacher's."""

    def imitate(loss, logits, its, **settings):
        distillation = module("extras.distillation")
        cfg = distillation.DistillationConfig(teacher=Path("runs/teacher"), **settings)
        batch = {"label": torch.zeros(len(logits), dtype=torch.long), "teacher": its}
        return distillation.imitate(loss, logits, batch, cfg)

    return imitate


def draw(*shape: int) -> torch.Tensor:
    """Return numbers that are the same in every call."""
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_loss_is_the_formula(imitate):
    logits, its, loss = *draw(2, 40, 5), draw(40)
    found = imitate(loss, logits, its, temperature=2.5, alpha=0.3)
    assert found.shape == (40,)
    log_p, q = torch.log_softmax(logits / 2.5, 1), torch.softmax(its / 2.5, 1)
    expected = 0.7 * loss.mean() + 0.3 * 2.5**2 * nn.KLDivLoss(reduction="batchmean")(log_p, q)
    torch.testing.assert_close(found.mean(), expected)
    one = imitate(loss[:1], logits[:1], its[:1], temperature=2.5, alpha=0.3)
    torch.testing.assert_close(found[:1], one)


def test_alpha_is_the_share(imitate):
    logits, its, loss = *draw(2, 40, 5), draw(40)
    assert torch.equal(imitate(loss, logits, its, alpha=0.0), loss)
    alone = imitate(loss, logits, its, alpha=1.0)
    torch.testing.assert_close(imitate(-loss, logits, its, alpha=1.0), alone)
    torch.testing.assert_close(imitate(loss, its, its, alpha=1.0), torch.zeros(40))


def test_batches_carry_what_the_teacher_says_of_them(module, config, teacher):
    distillation, model = module("extras.distillation"), module("model")
    loaders, spec = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    plain = next(loader.groups()).batches[0][0]
    cfg = distillation.DistillationConfig(teacher=teacher)
    load = module("trained").load_run
    distillation.teach(loader, cfg, load, model, spec, Accelerator(cpu=True))
    seen = []
    transform = loader.transform
    loader.transform = lambda batch: seen.append(len(batch["label"])) or transform(batch)
    batch = next(loader.groups()).batches[0][0]
    assert seen == [loader.plan.batch_size]
    logits = batch.pop("teacher")
    assert_equal(batch, plain)
    settings = module("config").parse_config([], teacher / "config.yaml")
    network, _ = module("trained").load_model(teacher, "best", settings)
    expected = model.compare(model.predict(network.eval(), batch), batch)[0]
    torch.testing.assert_close(logits, expected.detach())
    assert not logits.requires_grad


def test_student_comes_close_to_its_teacher(train, teacher):
    """Without a share of the labels, the loss is the distance of the two."""
    assert train(*TEACHER, "--distillation.alpha", "1.0", "--name", "student") == 0
    losses = [line["train/loss"] for line in ledger("student") if "train/loss" in line]
    assert losses[-1] < losses[0] / 2


def test_resumes_bit_for_bit(train, teacher):
    assert train(*TEACHER, "--name", "whole") == 0
    assert train(*TEACHER, "--name", "killed", kill_after=42) is None
    assert train(*TEACHER, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_same_curve_however_a_step_is_spread(train, teacher):
    common = [*CURVE, *TEACHER]
    assert train(*common, "--data.batch_size", "60", "--name", "one") == 0
    half = [*common, "--data.batch_size", "30", "--optim.accumulate", "2"]
    assert train(*half, "--name", "accumulated") == 0
    assert_alike("one", "accumulated")


def test_unfit_teachers_are_refused(module, train, teacher):
    def refused(words: str, *arguments: str) -> None:
        with pytest.raises(module("core.errors").UserError, match=words) as caught:
            train(*TEACHER, *arguments, "--name", "student")
        assert "\n" not in str(caught.value)
        assert not Path("runs/student").exists()

    refused(r"distillation.teacher: it was trained on .*, this data is", *OTHER)
    refused("distillation.teacher: runs/none/config.yaml", *TEACHER[:1], "runs/none")
    (teacher / "best/model.safetensors").unlink()
    refused("distillation.teacher: runs/teacher has no best weights yet")
    with (teacher / "config.yaml").open("a") as file:
        file.write("of_another_task: 1\n")
    refused("distillation.teacher: .*no setting of_another_task")
