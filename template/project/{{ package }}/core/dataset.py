"""Batches of samples by their keys, also from a usual dataset of torch."""

import random
import sys
from typing import Any

import torch
from torch.utils.data import Dataset, default_collate

from .errors import UserError
from .rng import mix


class Batched(Dataset):
    """A dataset whose `dataset[keys]` is a whole batch; a key is `epoch * len(dataset) + index`."""


class Samples(Batched):
    """Whole batches of a usual dataset of torch, whose `dataset[index]` is a sample.

    What a sample draws, by torch, NumPy or `random`, is a function of (seed, key).
    """

    def __init__(self, dataset: Dataset, seed: int):
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise UserError(f"{type(dataset).__name__} has no length, or no samples by their index")
        self.dataset, self.seed = dataset, seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, keys: list[int]) -> Any:
        """Return samples put together as torch does; dicts get their `key` [b]."""
        samples = []
        with torch.random.fork_rng(devices=[]):
            for key in keys:
                seed = mix(self.seed, key)
                torch.default_generator.manual_seed(seed)
                random.seed(seed)
                if numpy := sys.modules.get("numpy"):
                    numpy.random.seed(seed % 2**32)
                samples.append(self.dataset[key % len(self)])
            batch = default_collate(samples)
        return {"key": torch.tensor(keys)} | batch if isinstance(batch, dict) else batch
