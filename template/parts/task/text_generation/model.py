"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .settings.model import ModelConfig
from .sources.blocks import VOCABULARY, Spec

AT_ONCE = 2**16
"""bytes predicted at once where nothing is learned, whatever the size of a batch"""


class Block(nn.Module):
    """Causal attention, then a network for each position, both beside a shortcut, norms first."""

    def __init__(self, cfg: ModelConfig):
        super().__init__()
        self.heads = cfg.heads
        self.norm1 = nn.LayerNorm(cfg.width)
        self.attend = nn.Linear(cfg.width, 3 * cfg.width)
        self.merge = nn.Linear(cfg.width, cfg.width)
        self.norm2 = nn.LayerNorm(cfg.width)
        self.widen = nn.Linear(cfg.width, 4 * cfg.width)
        self.narrow = nn.Linear(4 * cfg.width, cfg.width)
        self.dropout = nn.Dropout(cfg.dropout)

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        parts = self.attend(self.norm1(x)).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = rotate(query, rotation), rotate(key, rotation)
        found = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.dropout(self.merge(found.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.narrow(F.gelu(self.widen(self.norm2(x)))))


class GPT(nn.Module):
    """Blocks between the embedding and the logits, which are one matrix (Press and Wolf, 2017)."""

    def __init__(self, cfg: ModelConfig, length: int):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, cfg.width)
        self.dropout = nn.Dropout(cfg.dropout)
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.layers))
        self.norm = nn.LayerNorm(cfg.width)
        self.register_buffer("rotation", angles(length, cfg.width // cfg.heads), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                # GPT-2's 0.02 suits its width. Like there, the more branches, the less each adds.
                ends = 2 * cfg.layers if name.endswith(("merge.weight", "narrow.weight")) else 1
                nn.init.normal_(parameter, std=(parameter.shape[1] * ends) ** -0.5)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, text: Tensor) -> Tensor:
        x = self.dropout(self.embedding(text))
        for block in self.blocks:
            x = block(x, self.rotation[:, : text.shape[1]])
        return F.linear(self.norm(x), self.embedding.weight)


def angles(length: int, size: int) -> Tensor:
    """Return cosine and sine, [2, length, size / 2], of the angles that encode each position."""
    speeds = 10_000 ** -(torch.arange(0, size, 2) / size)
    angle = torch.arange(length)[:, None] * speeds
    return torch.stack((angle.cos(), angle.sin()))


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn pairs of features, [..., t, size], by their position (RoPE, Su et al., 2021)."""
    (cosine, sine), (one, other) = rotation, x.chunk(2, -1)
    return torch.cat((one * cosine - other * sine, one * sine + other * cosine), -1)


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network: bytes [b, t] (int64) in, logits [b, t, 256] out, t at most the block."""
    return GPT(cfg, spec.block)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the cross-entropy of each byte that is to be predicted [b, block], in nats.

    It is 0 for padding. The logits, 256 for each byte, would take most of the memory.
    """
    text = batch["text"]
    rows = len(text) if torch.is_grad_enabled() else max(1, AT_ONCE // text.shape[1])
    losses = torch.cat([byte_losses(model, part.long()) for part in text.split(rows)])
    return losses * is_real(batch)


def byte_losses(model: nn.Module, text: Tensor) -> Tensor:
    """Return the cross-entropy of each byte of a text [b, block + 1] but the first."""
    target = text[:, 1:]
    logits = model(text[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none").view_as(target)


def score(outputs: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    `weight`, its number of bytes, makes an average over examples one over bytes.
    """
    length = batch["length"].float()
    return {"loss": outputs.sum(1) / length, "weight": length}


def is_real(batch: dict[str, Tensor]) -> Tensor:
    """Return which of the bytes to be predicted are no padding, [b, block]."""
    text, length = batch["text"], batch["length"]
    return torch.arange(text.shape[1] - 1, device=text.device) < length[:, None]


def tally(outputs: Tensor, batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    real = real[:, None]
    return {"nats": (outputs * real).sum(0), "bytes": (is_real(batch) & real).sum(0)}


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that follow from its loss in nats among them."""
    perplexity = torch.tensor(scores["loss"]).exp().item()  # inf where math.exp raises
    return scores | {"perplexity": perplexity, "bits_per_byte": scores["loss"] / math.log(2)}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores: what looking back is worth.

    A key is the number of bytes before the predicted ones, as `4-7`, a value bits per byte.
    """
    told, first = {}, 1
    while first <= spec.block:
        last = min(2 * first - 1, spec.block)
        nats, count = (totals[n][first - 1 : last].sum().item() for n in ("nats", "bytes"))
        if count:
            name = f"{first}-{last}" if first < last else str(first)
            told[name] = nats / count / math.log(2)
        first = last + 1
    return {"bits_per_byte_after": told}


def describe(outputs: Tensor, batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return how well the bytes of a text, all the rows of a batch, are predicted."""
    bits = outputs.sum() / batch["length"].sum() / math.log(2)
    return {"bytes": int(batch["length"].sum()), "bits_per_byte": round(bits.item(), 4)}
