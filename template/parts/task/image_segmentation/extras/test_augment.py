"""The promises of the augmentation: a label follows its image, and each is drawn for itself."""

from collections.abc import Callable

import pytest
import torch

COLOURS = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0))
CLASSES = (COLOURS[:, 0] * 4).long()


@pytest.fixture
def change(module) -> Callable:
    """Return a function that augments images and labels with some of the settings."""

    def change(keys: torch.Tensor | None = None, images=COLOURS, labels=CLASSES, **settings):
        keys = torch.arange(len(images)) if keys is None else keys
        augment = module("extras.augment")
        return augment.augment(images, labels, keys, augment.AugmentConfig(**settings), 5)

    return change


def test_flip_mirrors(change):
    images, labels = change(flip=1.0)
    torch.testing.assert_close(images, COLOURS.flip(3))
    assert torch.equal(labels, CLASSES.flip(2))
    mirrored = (change(flip=0.5)[1] == CLASSES.flip(2)).all((1, 2))
    assert 16 < mirrored.sum() < 48
    assert torch.equal(change(flip=0.5)[1][~mirrored], CLASSES[~mirrored])


@pytest.mark.parametrize("settings", [{"shift": 0.3}, {"turn": 40.0}, {"scale": 0.5}])
def test_label_follows_its_image(module, change, settings):
    """Images that show the class of each pixel still do, but for the blurred edges."""
    labels = torch.zeros(64, 32, 32, dtype=torch.long)
    labels[:, 6:20, 8:30] = 1
    images, labels = change(None, (labels[:, None] + 1) / 2, labels, **settings)
    known = labels != module("sources.masks").UNLABELLED
    clear = (images[:, 0] - images[:, 0].mul(2).round() / 2).abs() < 0.01
    assert (clear & known).float().mean() > 0.6
    assert torch.equal((images[:, 0] * 2).round().long()[clear & known] - 1, labels[clear & known])
    assert (images[:, 0][~known] < 0.51).all()
    assert (labels == 1).sum((1, 2)).unique().numel() > 5
    assert ("shift" in settings) <= bool((~known).any())


def test_jitter_leaves_the_labels(change):
    images, labels = change(jitter=0.2)
    assert labels is CLASSES
    assert images.min() >= 0 and images.max() <= 1
    gain = images.mean((1, 2, 3)) / COLOURS.mean((1, 2, 3))
    assert 0.75 < gain.min() < 0.85 and 1.15 < gain.max() < 1.25


def test_change_depends_on_the_sample_and_the_epoch_alone(change):
    settings = {"shift": 0.2, "scale": 0.2, "turn": 9.0, "flip": 0.5, "jitter": 0.3}
    keys, order = torch.arange(64), torch.randperm(64)
    images, labels = change(keys, **settings)
    assert torch.equal(change(keys, **settings)[0], images)
    shuffled = change(keys[order], COLOURS[order], CLASSES[order], **settings)
    torch.testing.assert_close(shuffled, (images[order], labels[order]))
    alone = change(keys[9:10], COLOURS[9:10], CLASSES[9:10], **settings)
    torch.testing.assert_close(alone, (images[9:10], labels[9:10]))
    assert not (change(keys + 64, **settings)[0] == images).all((1, 2, 3)).any()
