"""Averages over examples, however they are spread over batches and processes."""

from functools import cache

import torch
from accelerate import Accelerator
from torch import Tensor


def weigh(values: dict[str, Tensor], real: int) -> Tensor:
    """Return how much each of the examples [b] counts: those behind the `real` ones not at all."""
    loss = values["loss"]
    weight = mark(len(loss), real, loss.device, loss.dtype)
    return weight * values["weight"] if "weight" in values else weight


@cache
def mark(rows: int, real: int, device: torch.device, dtype: torch.dtype = torch.bool) -> Tensor:
    """Return whether a row is a real one, [rows]; those behind them are padding."""
    return (torch.arange(rows, device=device) < real).to(dtype)


def sum_up(seen: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the sums of values per example [b] by their weights [b], and that of these."""
    sums: dict[str, Tensor] = {}
    for values in seen:
        weight = values["weight"]
        add(sums, {n: (v if v is weight else v * weight).sum() for n, v in values.items()})
    return sums


def add(sums: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Add values to the sums of the same names."""
    for name, value in values.items():
        sums[name] = sums[name] + value if name in sums else value


def average(accelerator: Accelerator, sums: dict[str, Tensor]) -> dict[str, float]:
    """Return the averages over all processes of what `sum_up` summed."""
    names = sorted(sums)
    totals = accelerator.reduce(torch.stack([sums[name] for name in names])).tolist()
    found = dict(zip(names, totals, strict=True))
    return {name: found[name] / found["weight"] for name in names if name != "weight"}
