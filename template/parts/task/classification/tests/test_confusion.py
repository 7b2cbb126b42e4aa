"""The promises of the confusion matrix: the scores it gives are those of scikit-learn."""

import pytest
import torch
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support


def test_scores_are_those_of_scikit_learn(module):
    draw = torch.Generator().manual_seed(0)
    label, predicted = torch.randint(0, 3, (2, 50), generator=draw)
    confusion = module("confusion")
    counts = confusion.count_pairs(label, predicted, 4, torch.arange(50) < 45)
    label, predicted, classes = label[:45], predicted[:45], range(4)
    assert counts.tolist() == confusion_matrix(label, predicted, labels=classes).tolist()
    told = confusion.tell_classes(counts, ["a", "b", "c", "none"])
    expected = precision_recall_fscore_support(label, predicted, labels=classes, zero_division=0)
    for scores, *values in zip(told["classes"].values(), *expected, strict=True):
        assert list(scores.values()) == pytest.approx(values)
