"""What every peer learns, read through the rendered project's own modules, sample by sample.

Only those modules are imported that the data and the network need: no Accelerate, no settings.
"""

import argparse
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset


class Pixels(Dataset):
    """Images in memory: (normalised image, label) for an index."""

    def __init__(self, images: Tensor, labels: Tensor, plan: SimpleNamespace):
        self.images, self.labels, self.data = images, labels, plan.data

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return normalise(self.images[index], self.data), self.labels[index]


class Files(Dataset):
    """Image files, decoded when asked for: (normalised image, label) for an index."""

    def __init__(self, decoded: Dataset, plan: SimpleNamespace):
        self.read, self.count, self.spec = decoded.read, len(decoded), decoded.spec
        self.data = plan.data

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from digits.sources.images import to_pixels

        image, label = self.read(0, index)
        return normalise(to_pixels(image, self.spec), self.data), label


class Texts(Dataset):
    """Whole blocks of a text in memory: (bytes, the bytes after them) for an index."""

    def __init__(self, blocks: Dataset):
        self.text, self.length = blocks.text, int(blocks.lengths[0])
        self.starts = blocks.starts[blocks.lengths == self.length]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        start = int(self.starts[index])
        block = self.text[start : start + self.length + 1].long()
        return block[:-1], block[1:]


class ChannelsLast(nn.Module):
    """The project's network behind the layout of memory in which its model.py calls it."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.to(memory_format=torch.channels_last))


def normalise(pixels: Tensor, data: SimpleNamespace) -> Tensor:
    """Return pixels from [0, 255] as the network wants them."""
    return (pixels.float() / 255 - data.mean) / data.std


def read_data(plan: SimpleNamespace) -> tuple[Dataset, Dataset]:
    """Return what to train on and what to evaluate on."""
    parts = read_source(plan)
    if plan.text:
        return tuple(Texts(part) for part in parts)
    if plan.data.root:
        return tuple(Files(part, plan) for part in parts)
    return tuple(Pixels(part.images, part.labels, plan) for part in parts)


def read_source(plan: SimpleNamespace) -> tuple[Dataset, Dataset]:
    """Return the project's own two datasets."""
    data = plan.data
    if plan.text:
        from digits.sources.blocks import Blocks, hold_out
        from digits.sources.documents import list_topics

        texts = hold_out(list_topics(), data.holdout, data.test)
        parts = {p: Blocks(text, data.block, data.packed, data.limit) for p, text in texts.items()}
    elif data.root:
        from pathlib import Path

        from digits.sources.folder import read_folder

        parts, _ = read_folder(SimpleNamespace(**vars(data) | {"root": Path(data.root)}))
    else:
        from digits.sources.images import read_digits

        parts, _ = read_digits(data)
    return parts["train"], parts["evaluation"]


def build_network(plan: SimpleNamespace, memory_format: bool = True) -> nn.Module:
    """Return the network of the project's model.py, with the same weights for every peer."""
    from digits.model import ModelConfig, build_model

    torch.manual_seed(plan.seed)
    network = build_model(ModelConfig(**vars(plan.model)), plan.spec)
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return ChannelsLast(network) if memory_format and convolves else network


def loss_of(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy over all labels, or all bytes, of a batch."""
    return F.cross_entropy(output.flatten(0, -2), target.flatten())


def lr_factor(step: int, plan: SimpleNamespace) -> float:
    """Return a step's share of the highest learning rate: a linear warm-up, then a cosine."""
    if step < plan.warmup:
        return (step + 1) / (plan.warmup + 1)
    return (1 + math.cos(math.pi * (step - plan.warmup) / (plan.total - plan.warmup))) / 2


def show_argparse_help() -> None:
    """Print the help of a script that parses its few arguments with argparse."""
    parser = argparse.ArgumentParser()
    for name in ("--output_dir", "--mixed_precision", "--data_dir"):
        parser.add_argument(name)
    for name in ("--batch_size", "--num_epochs", "--lr", "--seed"):
        parser.add_argument(name, type=float)
    parser.print_help()
