"""The promises of the embedded data and of batches."""

import zlib

import torch


def test_names_are_the_same_everywhere(module):
    names = module("sources.names").list_names()
    assert len(names) == 12_704 == len({row.text for row in names})
    assert zlib.crc32(repr([row[:3] for row in names]).encode()) == 678_685_168


def test_limit_takes_texts_from_everywhere(module):
    data = module("data")
    loaders, spec = data.build_loaders(data.DataConfig(limit=70), 0)
    parts = [loader.dataset[list(range(len(loader.dataset)))] for loader in loaders.values()]
    assert [len(part["label"]) for part in parts] == [70, 70]
    assert all(len(part["label"].unique()) > 4 for part in parts) and len(spec.classes) == 7


def test_batches_are_a_function_of_their_keys(module, config):
    loaders, _ = module("data").build_loaders(config.data, 0)
    loader = loaders["train"]
    keys = [5, 1285, 64, 5]  # the second is the first in the next epoch
    batch = loader.dataset[keys]
    assert batch["key"].tolist() == keys
    for name in ("tokens", "count", "label"):
        assert torch.equal(batch[name][0], batch[name][1])
        assert torch.equal(batch[name][2:3], loader.dataset[[64]][name])
