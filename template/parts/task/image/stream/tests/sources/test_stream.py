"""The promises of streams: each epoch in its own order, exact after a kill, their length known."""

import pytest
import torch
from test_training import assert_equal, final_state, ledger

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps"]
STREAM = ["--data.streaming", "true", "--data.train_examples", "24", "--data.eval_examples", "10"]


def test_stream_resumes_bit_for_bit(train, hf_images):
    assert train(*TINY, *STREAM, "--data.hf", "images", "--name", "whole") == 0
    parquet = [*TINY, *STREAM, "--data.hf", "forms/parquet", "--name", "killed"]
    assert train(*parquet, kill_after=8) is None
    assert train(*parquet, "--data.workers", "2") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_stream_has_another_order_in_each_epoch(module, hf_images):
    cfg = {"hf": "images", "streaming": True, "train_examples": 24, "eval_examples": 10}
    train = module("data").build_loaders(module("data").DataConfig(**cfg), 0)[0]["train"].dataset
    first, second = (train[list(range(start, start + 24))]["image"] for start in (0, 24))
    assert not torch.equal(first, second)
    assert torch.equal(*(epoch.flatten(1).unique(dim=0) for epoch in (first, second)))


def test_names_what_is_wrong_with_a_stream(module, train, hf_images):
    for given, words in (
        (["--data.train_examples", "30"], "the stream holds fewer than the 30"),
        (["--data.eval_split", "dev"], "no split dev"),
    ):
        with pytest.raises(module("core.errors").UserError, match=words):
            train(*TINY, "--data.hf", "images", *STREAM, *given, "--resume", "never")
