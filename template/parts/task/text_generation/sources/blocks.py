"""Text as blocks of bytes, cut from documents that stand one after another or each by itself."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.dataset import Batched

END = 0xFF
"""stands before and after each document; UTF-8 never has this byte"""
VOCABULARY = 256


@dataclass
class Spec:
    """What the model must know of the text."""

    block: int
    """bytes that are predicted at once, each from those before it"""


class Blocks(Batched):
    """Blocks of a text in memory: gapless ones or, unless `packed`, one for each document.

    `limit` is the largest number of blocks, None for all.
    """

    def __init__(self, text: Tensor, block: int, packed: bool, limit: int | None = None):
        last = max(len(text) - 1, 0)
        self.text, self.place, self.row_size = text, torch.arange(block + 1), block
        self.identity = hashlib.blake2b(text.numpy(), digest_size=8).hexdigest()
        bounds = find_ends(text)
        if packed:
            bounds = torch.cat([torch.arange(0, last, block), torch.tensor([last])])
        self.starts = bounds[:-1][:limit]
        self.lengths = bounds.diff()[:limit].clamp(max=block)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, keys: list[int]) -> dict[str, Tensor]:
        """Return a batch of `text` [b, block + 1] (uint8), `length` [b] and `key` [b].

        Of each text, the first byte is there to predict the second from; `length` bytes are
        predicted, and those behind them are padding.
        """
        key = torch.tensor(keys)
        index = key % len(self)
        length = self.lengths[index]
        place = (self.starts[index][:, None] + self.place).clamp(max=len(self.text) - 1)
        text = self.text[place].masked_fill(self.place > length[:, None], END)
        return {"text": text, "length": length, "key": key}


def join(documents: list[str]) -> Tensor:
    """Return documents, without the empty ones, as bytes [n] (uint8), END around each of them."""
    text = bytearray([END])
    for document in documents:
        if document:
            text += document.encode(errors="replace")  # JSON may hold halves of a character
            text.append(END)
    return torch.frombuffer(text, dtype=torch.uint8)


def find_ends(text: Tensor) -> Tensor:
    """Return the places of END."""
    return (text == END).nonzero().flatten()


#% if sources %#
def show_blocks(samples: list[dict[str, Tensor]]) -> str:
    """Return a table of blocks, a line for each: its number of bytes, and as much as fits of it."""
    lines = ["bytes  text (⏎ ends a line, · a document)"]
    for sample in samples[:16]:
        length = int(sample["length"])
        text = decode(sample["text"][0, 1 : length + 1].tolist()).replace("\n", "⏎")
        lines.append(f"{length:5}  {text[:90]}")
    return "\n".join(lines)


#% endif %#
def decode(text: list[int]) -> str:
    """Return bytes as text to look at."""
    pieces = bytes(text).split(bytes([END]))
    return "·".join(piece.decode(errors="replace") for piece in pieces)
