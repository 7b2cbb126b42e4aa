"""The promises of the embedded data and of blocks."""

import torch
from test_training import assert_equal


def test_each_block_begins_with_the_byte_before_it(module):
    data = module("data")
    loaders, _ = data.build_loaders(data.DataConfig(limit=50, block=20), 0)
    train = loaders["train"].dataset[list(range(50))]
    assert len(train["key"]) == 50
    assert torch.equal(train["text"][1:, 0], train["text"][:-1, -1])


def test_text_of_python_has_no_paragraph_twice(module):
    documents = module("sources.documents").list_topics()
    paragraphs = [p for document in documents for p in document.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs) > 1000
    assert sum(map(len, documents)) > 300_000


def test_split_is_the_same_for_every_seed(module):
    data = module("data")
    parts = [data.build_loaders(data.DataConfig(limit=9), seed)[0].values() for seed in (0, 1)]
    for loaders in zip(*parts, strict=True):
        assert_equal(*(loader.dataset[list(range(9))] for loader in loaders))
