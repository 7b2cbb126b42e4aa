"""The promises of mixing: what is mixed, what labels are worth then, and that it stays exact."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger

IMAGES = torch.rand(64, 3, 12, 16, generator=torch.Generator().manual_seed(0))
PARTNERS = IMAGES.unflatten(0, (32, 2)).flip(1).flatten(0, 1)
BOTH = ["--data.mixup.alpha", "0.4", "--data.mixup.cutmix", "1.0"]


@pytest.fixture
def mix(module) -> Callable:
    """Return a function that mixes images in the pairs they lie in."""

    def mix(images: torch.Tensor, keys: torch.Tensor, **settings) -> tuple:
        cfg = module("extras.mixup").MixupConfig(**settings)
        return module("extras.mixup").mix_pairs(images, keys, len(keys), cfg, 5)

    return mix


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 8.0])
def test_shares_have_the_moments_of_beta(module, alpha):
    draw = torch.arange(1 << 16) / (1 << 16)
    share = module("extras.mixup").beta(draw, alpha).double()
    assert 0 <= share.min() < share.max() <= 1 and (share.diff() >= 0).all()
    assert share.mean().item() == pytest.approx(0.5, abs=1e-4)
    assert share.var().item() == pytest.approx(1 / (8 * alpha + 4), rel=2e-3)
    square = 2 * alpha + 1
    fourth = 3 / (16 * square * (square + 2))
    assert (share - 0.5).pow(4).mean().item() == pytest.approx(fourth, rel=5e-3)


def test_mixup_is_the_weighted_mean(mix):
    mixed, share = mix(IMAGES, torch.arange(64), alpha=1.0)
    weight = share[:, None, None, None]
    torch.testing.assert_close(mixed, weight * IMAGES + (1 - weight) * PARTNERS)
    assert share.min() < 0.1 and share.max() > 0.9 and share.unique().numel() > 60


def test_cutmix_puts_a_rectangle_of_the_partner_in(mix):
    mixed, share = mix(IMAGES, torch.arange(64), alpha=0.0, cutmix=1.0)
    own, cut = (mixed == IMAGES).all(1), (mixed == PARTNERS).all(1)
    assert (own ^ cut).all()
    assert torch.equal(cut, cut.any(2)[:, :, None] & cut.any(1)[:, None])
    torch.testing.assert_close(share, own.float().mean((1, 2)))
    assert share.min() < 0.4 and share.max() > 0.9
    _, narrow = mix(IMAGES, torch.arange(64), alpha=0.0, cutmix=1e3)
    assert narrow.min() >= 0.4  # half of the image, or less of it where it goes over the edge


def test_with_both_each_image_has_one(mix):
    keys = torch.arange(64)
    either = mix(IMAGES, keys, alpha=1.0, cutmix=1.0)[0]
    one, other = mix(IMAGES, keys, alpha=1.0)[0], mix(IMAGES, keys, alpha=0.0, cutmix=1.0)[0]
    same = [(either == each).all((1, 2, 3)) for each in (one, other)]
    assert (same[0] | same[1]).all() and 16 < same[0].sum() < 48


@pytest.mark.parametrize("count", [1, 2, 13, 24, 29])
def test_mixing_is_the_same_in_any_batches(module, mix, count):
    """The last of an odd number of images stays as it is, whatever the padding beside it is."""
    found = []
    for size, processes, accumulate in ((12, 1, 1), (6, 2, 1), (6, 1, 2), (2, 3, 2), (4, 1, 3)):
        rows: dict[int, tuple] = {}
        for process in range(processes):
            plan = module("core.loader").Plan(count, size, accumulate, True, 0)
            plan.process, plan.share = process, size * processes
            _, rows_of = plan.lay_out(1, 0)
            for keys, real in zip(plan.keys, rows_of, strict=True):
                values = mix(IMAGES[keys % count], keys, alpha=1.0, cutmix=1.0)
                rows |= {keys[i].item(): [value[i] for value in values] for i in range(real)}
        assert len(rows) == count
        found.append({key: rows[key] for key in sorted(rows)})
    for other in found[1:]:
        torch.testing.assert_close(other, found[0])
    alone = [key for key, (image, _) in rows.items() if torch.equal(image, IMAGES[key % count])]
    assert count % 2 == 0 or rows[keys[real - 1].item()][1] == 1 or count == 1
    assert len(alone) < max(2, count / 4)


@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_those_of_soft_labels(module, weighted):
    draw = torch.Generator().manual_seed(0)
    outputs = torch.randn(8, 5, generator=draw)
    label, share = torch.randint(5, (8,), generator=draw), torch.rand(8, generator=draw)
    partner = label.view(4, 2).flip(1).flatten()
    soft = share[:, None] * F.one_hot(label, 5) + (1 - share)[:, None] * F.one_hot(partner, 5)
    weight = torch.arange(5.0) if weighted else torch.ones(5)
    batch = {"label": label, "share": share, "key": torch.arange(8)}
    both = module("extras.mixup").twice(outputs, batch)
    assert all(len(value) == 16 for value in both[1].values())
    values = module("model").score(*both)
    if weighted:
        values["weight"] = weight[both[1]["label"]]
    values = module("extras.mixup").blend(values, both[1])
    each = values.get("weight", torch.ones(8))
    torch.testing.assert_close(each, (soft * weight).sum(1))
    expected = -(outputs.log_softmax(1) * soft * weight).sum(1)
    torch.testing.assert_close(values["loss"] * each, expected)
    hits = (soft * weight)[torch.arange(8), outputs.argmax(1)]
    torch.testing.assert_close(values["accuracy"] * each, hits)


def test_training_is_mixed_and_evaluation_is_not(module, monkeypatch):
    data = module("data")
    cfg = data.DataConfig(mixup=module("extras.mixup").MixupConfig(alpha=1.0))
    loaders, _ = data.build_loaders(cfg, 0)
    train, evaluation = loaders["train"], loaders["evaluation"]
    mixed, tested = (next(loader.groups()).batches[0][0] for loader in (train, evaluation))
    image = evaluation.dataset[tested["key"].tolist()]["image"]
    assert torch.equal(tested["image"], (image / 255 - cfg.mean) / cfg.std)
    assert "share" not in tested

    monkeypatch.setattr(data, "mix_pairs", lambda images, *_: (images, torch.ones(64)))
    plain = next(train.groups()).batches[0][0]["image"]
    weight = mixed["share"][:, None, None, None]
    partner = plain.unflatten(0, (32, 2)).flip(1).flatten(0, 1)
    torch.testing.assert_close(mixed["image"], weight * plain + (1 - weight) * partner)
    assert weight.min() < 0.1


def test_same_curve_however_a_step_is_spread(train):
    common = [*CURVE, *BOTH]
    assert train(*common, "--name", "one") == 0
    spread = ["--data.batch_size", "32", "--optim.accumulate", "2"]
    assert train(*common, *spread, "--name", "spread") == 0
    assert_alike("one", "spread")


def test_mixing_resumes_bit_for_bit(train):
    assert train(*BOTH, "--name", "whole") == 0
    assert train(*BOTH, "--name", "killed", kill_after=42) is None
    assert train(*BOTH, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data.batch_size", "25"], "data.batch_size is 25"),
        (["--data.mixup.alpha", "0"], "both 0"),
    ],
)
def test_what_can_not_be_mixed_is_refused(module, train, arguments, words):
    with pytest.raises(module("core.errors").UserError, match=words):
        train(*arguments)
