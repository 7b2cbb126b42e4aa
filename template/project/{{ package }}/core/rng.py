"""Randomness as a function of where it is used, so that a resumed run draws what it would have."""

import hashlib

import torch
from torch import Tensor


def mix(*parts: int | str) -> int:
    """Return a 63-bit seed, the same for the same parts in every process and Python version."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()) >> 1


def reseed(device: torch.device, *parts: int) -> None:
    """Let the CPU and the device draw on from a seed mixed of the parts."""
    # Not torch.manual_seed, which looks for every kind of device, several times as long.
    torch.default_generator.manual_seed(mix(*parts))
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(mix(*parts))


def uniform(keys: Tensor, count: int, seed: int) -> Tensor:
    """Return float32 numbers in [0, 1), shape [len(keys), count], row i drawn from (seed, keys[i]).

    A counter-based generator: the finaliser of SplitMix64 (Steele et al., OOPSLA 2014), batched on
    the device of `keys` (int64), where its wrapping int64 products are the same as on a CPU.
    """
    x = keys[:, None] * count + torch.arange(count, device=keys.device) + seed
    x = x * -0x61C8864680B583EB
    for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15), (31, 1)):
        logical = (x >> shift) & ((1 << (64 - shift)) - 1)
        x = (x ^ logical) * factor
    return ((x >> 40) & 0xFFFFFF).float() / 0x1000000
