"""The promises of the loader: a usual dataset of torch just works, and draws what its key says."""

import random

import pytest
import torch
from accelerate import PartialState
from test_training import assert_equal
from torch.utils.data import Dataset, Subset

np = pytest.importorskip("numpy")


class Usual(Dataset):
    """A sample by its index, changed at random in three ways."""

    def __len__(self):
        return 22

    def __getitem__(self, index):
        assert isinstance(index, int) and 0 <= index < 22
        draws = [torch.rand(()).item(), np.random.rand(), random.random()]
        return {"value": torch.tensor([index, *draws]), "name": f"sample {index}"}


class Pairs(Usual):
    """The same as input and target."""

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        return sample["value"], index % 3


@pytest.fixture
def read(module):
    """Return a function that gives the batches of two passes over a dataset."""
    PartialState(cpu=True)

    def read(dataset: Dataset, workers: int = 0) -> list:
        loader = module("core.loader").Loader(dataset, 8, shuffle=True, seed=1, workers=workers)
        return [batch for epoch in (0, 1) for g in loader.groups(epoch) for batch, _ in g.batches]

    return read


def test_usual_dataset_gives_each_sample_once_a_pass(read):
    batches = read(Usual())
    assert len(batches) == 6
    for number, batch in enumerate(batches):
        index = batch["key"] % 22
        assert torch.equal(batch["key"] // 22, torch.full((8,), number // 3))
        assert torch.equal(batch["value"][:, 0], index.float())
        assert batch["name"] == [f"sample {i}" for i in index.tolist()]
    first = torch.cat([batch["key"] for batch in batches[:3]])
    assert sorted({*first.tolist()}) == list(range(22))


def test_draws_are_those_of_the_key(read):
    whole = read(Usual())
    torch.manual_seed(7)
    assert_equal(whole, read(Usual(), workers=2))
    assert_equal(whole, read(Subset(Usual(), range(22))))
    values = torch.cat([batch["value"] for batch in whole])
    assert len({tuple(draws) for draws in values[:, 1:].tolist()}) == 44


def test_pairs_stay_pairs_and_the_model_draws_as_before(read):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    value, label = read(Pairs())[4]
    assert torch.equal(value[:, 0] % 3, label.float())
    assert torch.equal(torch.get_rng_state(), before)


def test_refuses_what_has_no_samples_by_index(module):
    with pytest.raises(
        module("core.errors").UserError, match="generator has no length, or no samples"
    ):
        module("core.loader").Loader((x for x in "ab"), 1)
