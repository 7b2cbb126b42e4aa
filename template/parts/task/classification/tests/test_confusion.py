"""The promises of the confusion matrix: it counts pairs, and its scores are as defined."""

import pytest
import torch


def test_scores_are_what_they_are_called(module):
    draw = torch.Generator().manual_seed(0)
    label, predicted = torch.randint(0, 3, (2, 50), generator=draw)
    confusion = module("confusion")
    counts = confusion.count_pairs(label, predicted, 4, torch.arange(50) < 45)
    pairs = list(zip(label.tolist(), predicted.tolist(), strict=True))[:45]
    assert counts.tolist() == [[pairs.count((i, j)) for j in range(4)] for i in range(4)]
    told = confusion.tell_classes(counts, ["a", "b", "c", "none"])
    assert told["confusion"] == counts.tolist()
    for number, scores in enumerate(told["classes"].values()):
        right = pairs.count((number, number))
        found, there = (sum(pair[side] == number for pair in pairs) for side in (1, 0))
        precision, recall = right / max(found, 1), right / max(there, 1)
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        assert list(scores.values()) == pytest.approx([precision, recall, f1, there])
    assert not any(told["classes"]["none"].values())
