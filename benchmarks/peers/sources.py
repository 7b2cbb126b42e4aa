"""Where the bare loop's batches come from: memory, an epoch gathered at once, or a folder."""

from collections.abc import Iterable
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .problem import normalise, read_source

Batches = Iterable[tuple[Tensor, Tensor]]


class Memory:
    """Inputs and targets on the device; every process takes its share of each batch."""

    def __init__(self, parts, plan: SimpleNamespace, device: torch.device, share: tuple[int, int]):
        self.plan, (self.rank, self.processes) = plan, share
        self.parts = [[e.to(device) for e in part] for part in parts]
        inputs, targets = self.parts[1]
        self.evaluation = self.split(self.prepare(inputs), targets)

    def epoch(self) -> Batches:
        """Return an epoch's batches in a new order."""
        inputs, targets = self.parts[0]
        order = torch.randperm(len(targets)).to(targets.device)
        return self.split(self.prepare(inputs[order], augmented=True), targets[order])

    def held(self) -> Batches:
        """Return the batches to evaluate on, put together once."""
        return self.evaluation

    def prepare(self, inputs: Tensor, augmented: bool = False) -> Tensor:
        """Return the inputs as the network wants them, images cropped all at once."""
        if self.plan.text:
            return inputs
        data, images = self.plan.data, inputs.float().div_(255)
        if augmented and data.augment.crop:
            from digits.extras.augment import shift_and_flip

            draw = torch.rand(len(images), 3).to(images.device)
            images = shift_and_flip(images, draw, data.augment.crop, 0.0)
        images = images.sub_(data.mean).div_(data.std)
        return images.contiguous(memory_format=torch.channels_last)

    def split(self, inputs: Tensor, targets: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return batches, the last one as long as it is."""
        parts = (e.split(self.plan.batch_size) for e in (inputs, targets))
        pairs = zip(*parts, strict=True)
        return [(x[self.rank :: self.processes], y[self.rank :: self.processes]) for x, y in pairs]


class Folder:
    """Image files, decoded in workers, which pass on bytes; what comes of them is done here."""

    def __init__(self, parts, plan: SimpleNamespace, device: torch.device):
        self.plan, self.device = plan, device
        self.loaders = [
            DataLoader(
                Bytes(part),
                plan.batch_size,
                shuffle=number == 0,
                num_workers=plan.workers,
                persistent_workers=plan.workers > 0,
                pin_memory=device.type == "cuda",
            )
            for number, part in enumerate(parts)
        ]

    def epoch(self) -> Batches:
        """Yield an epoch's batches in a new order."""
        return self.read(self.loaders[0])

    def held(self) -> Batches:
        """Yield the batches to evaluate on."""
        return self.read(self.loaders[1])

    def read(self, loader: DataLoader) -> Batches:
        """Yield batches as the network wants them."""
        for pixels, label in loader:
            pixels = pixels.to(self.device, non_blocking=True)
            image = normalise(pixels, self.plan.data)
            yield image, label.to(self.device, non_blocking=True)


class Bytes(Dataset):
    """Image files: (pixels as bytes, label) for an index."""

    def __init__(self, decoded: Dataset):
        self.read, self.count, self.spec = decoded.read, len(decoded), decoded.spec

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from digits.sources.images import to_pixels

        image, label = self.read(0, index)
        return to_pixels(image, self.spec), label


def open_source(
    plan: SimpleNamespace, device: torch.device, rank: int, processes: int
) -> Memory | Folder:
    """Return where the batches come from."""
    parts = read_source(plan)
    if plan.text:
        pairs = [cut(part) for part in parts]
    elif plan.data.root:
        return Folder(parts, plan, device)
    else:
        pairs = [(part.images, part.labels) for part in parts]
    return Memory(pairs, plan, device, (rank, processes))


def cut(blocks: Dataset) -> tuple[Tensor, Tensor]:
    """Return all whole blocks of a text and, for each byte, the one after it."""
    length = int(blocks.lengths[0])
    starts = blocks.starts[blocks.lengths == length]
    text = blocks.text[starts[:, None] + torch.arange(length + 1)].long()
    return text[:, :-1].contiguous(), text[:, 1:].contiguous()
