"""The network of a table: a linear model, and a deep one that adds what it lacks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """A residual block (Gorishniy et al., NeurIPS 2021): norm, wide layer, narrow layer."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(self.dropout(F.relu(self.wide(self.norm(x)))))


class Names(nn.Embedding):
    """An embedding of names, in which 0, a name that training hasn't met, is the others' mean."""

    def forward(self, places: Tensor) -> Tensor:
        """Return what stands for the names [b], [b, size]; the first of them is 1."""
        return F.embedding(places, torch.cat([self.weight.mean(0, keepdim=True), self.weight]))


class WideAndDeep(nn.Module):
    """The sum of a linear and a residual network (Cheng et al., 2016, arXiv:1606.07792).

    `names` holds the number of names of each such column; each column is embedded by itself. Some
    inputs are hidden from the residual network, so that of a small table it learns little more than
    the linear one, which sees them all. The sum begins as zero, the mean of a scaled target.
    """

    def __init__(
        self, numbers: int, names: list[int], outputs: int, width: int, blocks: int, dropout: float
    ):
        super().__init__()
        sizes = [min(16, (count + 1) // 2 + 1) for count in names]
        pairs = zip(names, sizes, strict=True)
        self.embeddings = nn.ModuleList(Names(count, size) for count, size in pairs)
        inputs = numbers + sum(sizes)
        self.linear = nn.Linear(inputs, outputs)
        layers = [Block(width, dropout) for _ in range(blocks)]
        self.deep = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(inputs, width),
            *layers,
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, outputs),
        )
        for last in (self.linear, self.deep[-1]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, numbers: Tensor, names: Tensor) -> Tensor:
        """Return the outputs [b, outputs] for scaled numbers [b, n] and names' places [b, m]."""
        embedded = [embed(names[:, column]) for column, embed in enumerate(self.embeddings)]
        x = torch.cat([numbers, *embedded], 1)
        return self.linear(x) + self.deep(x)
