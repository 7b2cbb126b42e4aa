"""The promises of the embedded data."""

from dataclasses import replace

import torch
from test_training import assert_equal


def test_scenes_are_the_same_in_every_start_and_share_no_digit(module):
    scenes, images = module("sources.scenes"), module("sources.images")
    cfg = module("data").DataConfig(scenes=64, channels=3, size=24)
    parts, spec = scenes.read_scenes(cfg)
    train = parts["train"]
    assert_equal(train[[3, 70]], scenes.read_scenes(cfg)[0]["train"][[3, 70]])
    assert train[[3]]["image"].shape == (1, 3, 24, 24) and len(parts["evaluation"]) == 8
    few = scenes.read_scenes(replace(cfg, scenes=10))[0]["train"]
    assert torch.equal(few.images, train.images[:10]) and torch.equal(few.labels, train.labels[:10])
    assert train.labels.unique().tolist() == list(range(len(spec.classes)))
    ink = train.images[:, 0].float()
    assert ink[train.labels > 0].mean() > ink[train.labels == 0].mean() + 60
    digits = images.read_digits(replace(cfg, channels=1, size=8))[0].values()
    seen, unseen = ({tuple(image.flatten().tolist()) for image in p.images} for p in digits)
    assert len(seen & unseen) < 5  # some digits were written twice alike
