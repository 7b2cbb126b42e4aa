"""The promises of resizing: the sizes are those that were asked for, and only training has them."""

import numpy as np
import pytest
import torch
from PIL import Image
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger

GROWTH = ["--data.progressive_resizing.start", "0.5", "--data.progressive_resizing.epochs", "2"]


@pytest.fixture
def loaders(module):
    """Return the loaders of digits of 8 x 8 pixels that begin with 4 x 4."""
    growth = module("extras.progressive_resizing").ProgressiveResizingConfig(start=0.5, epochs=4)
    cfg = module("data").DataConfig(progressive_resizing=growth)
    return module("data").build_loaders(cfg, 0)[0].values()


def test_sides_grow_evenly_to_the_full_one(loaders):
    train, evaluation = loaders
    sides = [[4, 4], [5, 5], [6, 6], [7, 7], [8, 8], [8, 8]]
    for epoch, side in enumerate(sides):
        # From the middle on, as after a restart, too.
        for seen in (0, 640):
            batch = next(train.groups(epoch, seen)).batches[0][0]
            assert list(batch["image"].shape[2:]) == side
    assert next(evaluation.groups()).batches[0][0]["image"].shape[2:] == (8, 8)


def test_images_are_those_of_pillow(module):
    part = module("extras.progressive_resizing")
    cfg = part.ProgressiveResizingConfig(start=0.4, epochs=10)
    images = torch.rand(4, 3, 30, 50)
    small = part.resize(images, 0, cfg)
    assert small.shape == (4, 3, 12, 20)
    for old, new in zip(images.flatten(0, 1), small.flatten(0, 1), strict=True):
        reference = Image.fromarray(old.numpy()).resize((20, 12), Image.Resampling.BILINEAR)
        torch.testing.assert_close(new, torch.from_numpy(np.array(reference)))
    assert torch.equal(part.resize(images, 10, cfg), images)


def test_same_curve_however_a_step_is_spread(train):
    common = [*CURVE, *GROWTH, "--duration", "50 steps"]
    assert train(*common, "--name", "one") == 0
    spread = ["--data.batch_size", "32", "--optim.accumulate", "2"]
    assert train(*common, *spread, "--name", "spread") == 0
    assert_alike("one", "spread")


def test_growth_resumes_bit_for_bit(train):
    assert train(*GROWTH, "--name", "whole") == 0
    assert train(*GROWTH, "--name", "killed", kill_after=42) is None
    assert train(*GROWTH, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
