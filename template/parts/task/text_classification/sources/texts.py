"""Texts with labels as batches of tokens, and as a table to look at."""

from dataclasses import dataclass, field
#% if sources %#
from pathlib import Path
#% endif %#

import torch
from torch import Tensor

from ..core.dataset import Batched
from .rows import Row
from .split import identify
from .tokens import Pieces, Words, open_tokenizer


@dataclass
class Spec:
    """What the model must know of the texts."""

    classes: list[str]
    tokenizer: str | None
    """name on the hub or local folder; None stands for one of `words`"""
    words: list[str] = field(repr=False)
    """those that are known, the commonest first"""
    vocabulary: int
    """tokens are numbers below this"""
    padding: int
    """number behind the last token of a text"""
    length: int
    """tokens that every text is cut or padded to"""


class Texts(Batched):
    """Rows of texts and labels, in memory, that become tokens when they are asked for."""

    def __init__(self, rows: list[Row], spec: Spec):
        self.texts, self.spec = [row.text for row in rows], spec
        self.identity = identify(f"{row.label}\t{row.text}" for row in rows)
        self.tokenizer = open_tokenizer(spec.tokenizer, spec.words)
        numbers = {name: number for number, name in enumerate(spec.classes)}
        self.labels = torch.tensor([numbers[row.label] for row in rows])

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of `tokens` [b, length], `count` [b], `label` [b] and `key` [b]."""
        key = torch.tensor(keys)
        index = key % len(self)
        texts = [self.texts[i] for i in index.tolist()]
        return encode(texts, self.tokenizer, self.spec) | {"label": self.labels[index], "key": key}


def encode(texts: list[str], tokenizer: Words | Pieces, spec: Spec) -> dict[str, Tensor]:
    """Return the `tokens` [b, length] of texts, and the `count` [b] of those before the padding."""
    found = tokenizer.encode(texts, spec.length)
    rows = [row + [spec.padding] * (spec.length - len(row)) for row in found]
    return {"tokens": torch.tensor(rows), "count": torch.tensor([len(row) for row in found])}
#% if sources %#


def show_texts(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Return a table of the samples' labels, and their tokens as the model gets them."""
    tokenizer = open_tokenizer(spec.tokenizer, spec.words)
    width = max(map(len, spec.classes))
    lines = []
    for sample in samples:
        tokens = sample["tokens"][0, : sample["count"]].tolist()
        lines.append(f"{spec.classes[sample['label']]:{width}}  {tokenizer.decode(tokens)[:70]}")
    return "\n".join(lines)
#% endif %#
