"""The promises of the confusion matrix: it counts pairs, and its scores are as defined."""

import pytest
import torch


def test_scores_are_what_they_are_called(module):
    draw = torch.Generator().manual_seed(0)
    label, predicted = torch.randint(0, 3, (2, 50), generator=draw)
    confusion = module("task.confusion")
    counts = confusion.count_pairs(label, predicted, 4, torch.arange(50) < 45)
    pairs = list(zip(label.tolist(), predicted.tolist(), strict=True))[:45]
    assert counts.tolist() == [[pairs.count((i, j)) for j in range(4)] for i in range(4)]
    told = confusion.tell_classes(counts, ["a", "b", "c", "none"])
    assert told["confusion"] == counts.tolist()
    for number, scores in enumerate(list(told["classes"].values())[:3]):
        right = pairs.count((number, number))
        found, there = (sum(pair[side] == number for pair in pairs) for side in (1, 0))
        precision, recall = right / max(found, 1), right / max(there, 1)
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        assert list(scores.values()) == pytest.approx([precision, recall, f1, there])
    absent = {"precision": None, "recall": None, "f1": None, "examples": 0}
    assert told["classes"]["none"] == absent


@pytest.mark.parametrize(
    ("label", "predicted"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1]),  # all right, class 2 is not there
        ([0, 0, 1, 1], [0, 2, 1, 2]),  # class 2 is predicted and not there
        ([0, 1, 2, 2], [0, 1, 0, 1]),  # class 2 is there and not predicted
        ([1, 1, 1, 1], [0, 0, 0, 2]),  # nothing is right
        ([3, 3, 3, 3], [3, 3, 3, 3]),
    ],
)
def test_scores_are_those_of_scikit_learn(module, label, predicted):
    metrics, confusion = pytest.importorskip("sklearn.metrics"), module("task.confusion")
    counts = confusion.count_pairs(*map(torch.tensor, (label, predicted)), 4, torch.ones(4) > 0)
    expected = metrics.f1_score(label, predicted, average="macro", zero_division=0)
    assert confusion.macro_f1(counts) == pytest.approx(expected)
    there = sorted({*label, *predicted})
    *scores, _ = metrics.precision_recall_fscore_support(label, predicted, zero_division=0)
    found = confusion.per_class(counts).values()
    for its, mine in zip(scores, found, strict=True):
        assert mine[there].tolist() == pytest.approx(its)
        assert mine.isnan().sum() == 4 - len(there)
