"""The promises of the look at the data: trouble is named before it costs a run."""

import logging

import pytest
import torch


@pytest.fixture
def trouble(module):
    """Return a function that gives what is found in parts of (input, kind)."""

    def find(**parts: list[tuple[int, str]]) -> list[str]:
        check, seen = module("sources.overview"), {}
        for name, samples in parts.items():
            seen[name] = check.Part()
            for key, (value, kind) in enumerate(samples):
                sample = {"value": torch.tensor([value]), "key": torch.tensor([key])}
                seen[name].add(sample | {"label": torch.tensor([len(kind)])}, [kind])
        return list(check.find_trouble(seen))

    return find


def test_sound_data_are_no_trouble(trouble):
    train = [(number, "ab"[number % 2]) for number in range(40)]
    assert trouble(train=train, evaluation=[(90, "a"), (91, "b")]) == []


def test_leakage_comes_first_whatever_the_label(trouble):
    train = [(number, "ab"[number % 2]) for number in range(12)]
    first, few = trouble(train=train, evaluation=[(3, "a"), (3, "b"), (90, "a")])
    assert first.startswith("2 of 3 samples for evaluation are in train as well")
    assert few.startswith("few samples to train on: a 6, b 6")


def test_copies_and_classes_without_examples_are_named(trouble):
    train = [(0, "a")] * 12 + [(number, "b") for number in range(10, 22)]
    copies, few, unseen = trouble(train=train, evaluation=[(90, "a"), (91, "c")])
    assert copies.startswith("11 of 24 samples to train on are copies")
    assert few.startswith("few samples to train on: c 0;")
    assert unseen.startswith("nothing to evaluate b on; raise data.holdout")


def test_notes_of_the_readers_are_told(module, package):
    with module("sources.overview").Notes() as notes:
        logging.getLogger(f"{package}.data").info("%d passed over", 3)
        logging.getLogger(f"{package}.data").warning("left out")
    assert notes == {logging.INFO: ["3 passed over"], logging.WARNING: ["left out"]}
