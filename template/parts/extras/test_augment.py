"""The promises of the augmentation: each change is the one it says, drawn for its sample alone."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

COLOURS = torch.rand(64, 3, 12, 16, generator=torch.Generator().manual_seed(0))


def test_uniform_numbers_are_uniform(module):
    draw = (
        module("core.rng").uniform(torch.arange(20_000), 5, module("core.rng").mix("test")).double()
    )
    assert draw.min() >= 0 and draw.max() < 1
    torch.testing.assert_close(draw.mean(0), torch.full((5,), 1 / 2).double(), atol=0.01, rtol=0)
    torch.testing.assert_close(draw.var(0), torch.full((5,), 1 / 12).double(), atol=0.003, rtol=0)
    rows = torch.cat([draw[:-1], draw[1:]], 1).T  # columns of a key beside those of the next
    torch.testing.assert_close(rows.corrcoef(), torch.eye(10).double(), atol=0.04, rtol=0)


@pytest.fixture
def change(module) -> Callable:
    """Return a function that augments images with some of the settings."""

    def change(images: torch.Tensor, keys: torch.Tensor | None = None, **settings) -> torch.Tensor:
        keys = torch.arange(len(images)) if keys is None else keys
        augment = module("extras.augment")
        return augment.augment(images, keys, augment.AugmentConfig(**settings), 5)

    return change


def test_crop_shifts_within_black(change):
    padded, places = F.pad(COLOURS, (2, 2, 2, 2)), set()
    for image, around in zip(change(COLOURS, crop=2), padded, strict=True):
        windows = around.unfold(1, 12, 1).unfold(2, 16, 1)  # [c, 5, 5, h, w]
        (place,) = (windows == image[:, None, None]).all((0, 3, 4)).nonzero().tolist()
        places.add(tuple(place))
    assert len(places) > 20  # of 25


def test_flip_mirrors(change):
    assert torch.equal(change(COLOURS, flip=1.0), COLOURS.flip(3))
    mirrored = (change(COLOURS, flip=0.5) == COLOURS.flip(3)).all((1, 2, 3))
    assert 16 < mirrored.sum() < 48
    assert torch.equal(change(COLOURS, flip=0.5)[~mirrored], COLOURS[~mirrored])


def test_grayscale_is_the_luma(change):
    luma = 0.299 * COLOURS[:, 0] + 0.587 * COLOURS[:, 1] + 0.114 * COLOURS[:, 2]
    changed = change(COLOURS, grayscale=1.0)
    torch.testing.assert_close(changed, luma[:, None].expand_as(COLOURS))
    assert torch.equal(change(COLOURS[:, :1], grayscale=1.0), COLOURS[:, :1])


def test_erase_fills_a_rectangle(change):
    for old, new in zip(COLOURS, change(COLOURS, erase=1.0), strict=True):
        hit = (old != new).any(0)
        assert torch.equal(hit, hit.any(1)[:, None] & hit.any(0)[None])
        assert 0 < hit.any(1).sum() <= 7 and 0 < hit.any(0).sum() <= 9
        torch.testing.assert_close(new[:, hit], old.mean().expand(3, int(hit.sum())))


def test_jitter_scales(module, change):
    jitter, half = module("extras.augment").jitter, torch.full((64, 1), 0.5)
    torch.testing.assert_close(jitter(COLOURS, torch.rand(64, 3), 0.0), COLOURS)
    brighter = jitter(COLOURS, torch.cat([1 + 0 * half, half, half], 1), 0.4)
    torch.testing.assert_close(brighter, (COLOURS * 1.4).clamp(0, 1))
    faded = jitter(COLOURS, torch.cat([half, half, 0 * half], 1), 1.0)
    torch.testing.assert_close(faded, change(COLOURS, grayscale=1.0))
    assert not torch.equal(change(COLOURS, jitter=0.2), COLOURS)


def test_change_depends_on_the_sample_and_the_epoch_alone(change):
    settings = {"crop": 2, "flip": 0.5, "jitter": 0.3, "grayscale": 0.3, "erase": 0.5}
    keys, order = torch.arange(64), torch.randperm(64)
    changed = change(COLOURS, keys, **settings)
    assert torch.equal(change(COLOURS, keys, **settings), changed)
    torch.testing.assert_close(change(COLOURS[order], keys[order], **settings), changed[order])
    torch.testing.assert_close(change(COLOURS[9:10], keys[9:10], **settings), changed[9:10])
    same = (change(COLOURS, keys + 64, **settings) == changed).all((1, 2, 3))
    assert same.sum() < 4
