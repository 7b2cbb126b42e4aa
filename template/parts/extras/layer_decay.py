"""Layer-wise learning rates: the further a layer is from the last, the less it moves."""

from collections.abc import Iterable
from itertools import groupby

from jsonargparse.typing import restricted_number_type

LayerDecay = restricted_number_type(
    "LayerDecay", float, [(">", 0), ("<=", 1)], docstring="a number >0 and ≤1"
)


def layer_of(name: str) -> str:
    """Return a parameter's name up to its first number, or else its first part."""
    parts = name.split(".")
    number = next((place for place, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[: number + 1])


def layer_factors(names: Iterable[str], decay: float) -> dict[str, float]:
    """Return a factor on the learning rate of each parameter: `decay` to the layers above it.

    `names` are in the order of the model, where those of a layer stand together. ULMFiT (Howard and
    Ruder, ACL 2018) divides by 2.6 from layer to layer, BEiT (Bao et al., ICLR 2022) by less.
    """
    layers = [list(group) for _, group in groupby(names, layer_of)]
    return {name: decay**above for above, layer in enumerate(layers[::-1]) for name in layer}
