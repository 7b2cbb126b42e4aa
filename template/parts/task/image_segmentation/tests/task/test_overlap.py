"""The promises of the scores: they are scikit-learn's, over labelled pixels alone."""

import pytest
import torch
from sklearn.metrics import jaccard_score, precision_recall_fscore_support


def test_scores_are_those_of_scikit_learn(module):
    draw = torch.Generator().manual_seed(0)
    label, predicted = torch.randint(0, 3, (2, 6, 5, 4), generator=draw)
    label[torch.rand(label.shape, generator=draw) < 0.2] = module("sources.masks").UNLABELLED
    overlap, real = module("task.overlap"), torch.arange(6) < 5
    counts = overlap.count_pixels(label, predicted, 4, real)
    counted = (label != module("sources.masks").UNLABELLED) & real[:, None, None]
    label, predicted = label[counted], predicted[counted]
    told = overlap.tell_classes(counts, ["a", "b", "c", "none"])["classes"]
    assert told.pop("none") == {"iou": None, "precision": None, "recall": None, "pixels": 0}
    iou = jaccard_score(label, predicted, average=None)
    precision, recall, _, pixels = precision_recall_fscore_support(label, predicted)
    for scores, *values in zip(told.values(), iou, precision, recall, pixels, strict=True):
        assert list(scores.values()) == pytest.approx(values)
    assert overlap.class_iou(counts).nanmean().item() == pytest.approx(iou.mean())


def test_class_that_is_there_and_not_found_counts_as_nought(module):
    label, predicted = torch.tensor([[[0, 0, 1, 2]]]), torch.tensor([[[0, 0, 0, 0]]])
    overlap = module("task.overlap")
    counts = overlap.count_pixels(label, predicted, 4, torch.tensor([True]))
    told = overlap.tell_classes(counts, ["a", "b", "c", "none"])["classes"]
    assert told["b"] == {"iou": 0, "precision": 0, "recall": 0, "pixels": 1}
    assert overlap.class_iou(counts).nanmean().item() == pytest.approx(0.5 / 3)


def test_unlabelled_pixels_count_neither_in_the_loss_nor_in_the_scores(module):
    draw = torch.Generator().manual_seed(0)
    outputs = torch.randn(3, 4, 6, 6, generator=draw)
    label = torch.randint(0, 4, (3, 6, 6), generator=draw)
    label[:, 3:] = label[2] = module("sources.masks").UNLABELLED
    values = module("model").score(outputs, {"label": label})
    half = module("model").score(outputs[:2, :, :3], {"label": label[:2, :3]})
    assert values["weight"].tolist() == [0.5, 0.5, 0] and half["weight"].tolist() == [1, 1]
    for name in ("loss", "accuracy"):
        torch.testing.assert_close(values[name], torch.cat([half[name], torch.zeros(1)]))
