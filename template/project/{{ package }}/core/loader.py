"""Which samples meet which optimizer step on which process: a pure function of (seed, epoch)."""

import atexit
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
from accelerate import PartialState
from accelerate.utils import send_to_device
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .dataset import Batched, Samples
from .errors import Fault, SampleError, UserError, last_line
from .rng import mix
from .stop import SIGNALS

AT_ONCE = 2**18
"""numbers of small rows in memory that are put together at once"""


class Group(NamedTuple):
    """What one process does in one optimizer step."""

    batches: list[tuple[Any, int]]
    """micro-batches, each with its number of real rows; the rows behind those are padding"""
    samples: Tensor
    """keys of the real rows over all micro-batches and processes"""

    @property
    def examples(self) -> int:
        """Return the number of real rows over all micro-batches and processes."""
        return len(self.samples)


class Plan:
    """The keys of this process's batches; a key, `epoch * count + index`, tells the pass as well.

    Every process has batches of `batch_size` keys and the same number of them: where samples run
    out, keys are repeated and counted as padding. The keys of `ahead` batches are given at once.
    """

    def __init__(
        self, count: int, batch_size: int, accumulate: int, shuffle: bool, seed: int, ahead: int = 1
    ):
        self.count, self.batch_size, self.shuffle, self.seed = count, batch_size, shuffle, seed
        self.process, self.ahead = PartialState().process_index, ahead
        self.share = batch_size * PartialState().num_processes
        self.window = self.share * accumulate
        self.keys = torch.empty(0, batch_size, dtype=torch.long)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the keys of what was laid out last."""
        for keys in self.keys.split(self.ahead):
            yield keys.flatten().tolist()

    def lay_out(self, epoch: int, seen: int) -> tuple[Tensor, list[int]]:
        """Lay out the batches of an epoch from its sample `seen` on.

        Returns the keys of its samples from there on, and the number of real rows of each batch.
        """
        order = torch.arange(self.count)
        if self.shuffle:
            generator = torch.Generator().manual_seed(mix(self.seed, epoch))
            order = torch.randperm(self.count, generator=generator)
        order = (order + epoch * self.count)[seen:]
        shares = torch.arange(0, len(order), self.share)
        first = shares + self.process * self.batch_size
        real = (len(order) - first).clamp(0, self.batch_size)
        first = torch.where(real > 0, first, shares)
        row = torch.arange(self.batch_size) % real.clamp(min=1)[:, None]
        self.keys = order[first[:, None] + row]
        return order, real.tolist()


class Loader:
    """Groups of batches in an order that neither processes, workers nor restarts change.

    The dataset is a usual one of torch, or a `Batched` one; `transform` works on its batches on the
    device. A `Batched` one in memory that gives dicts of tensors may tell by `row_size` how many
    numbers a row has; both are then asked for many batches at once, as long as they are small.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        accumulate: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        workers: int = 0,
        transform: Callable[[Any], Any] = lambda batch: batch,
    ):
        dataset = dataset if isinstance(dataset, Batched) else Samples(dataset, seed)
        self.dataset, self.transform, self.device = dataset, transform, PartialState().device
        ahead = max(1, AT_ONCE // (getattr(dataset, "row_size", AT_ONCE) * batch_size))
        self.plan = Plan(len(dataset), batch_size, accumulate, shuffle, seed, ahead)
        self.loader = DataLoader(
            dataset,
            batch_size=None,
            sampler=self.plan,
            num_workers=workers,
            persistent_workers=workers > 0,
            # Python 3.14's own choice outlives a run that is killed, and imports torch per worker.
            multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=ignore_signals,
            # An iterator draws a seed; from the global generator, a resumed run would be one off.
            generator=torch.Generator(),
        )

    @property
    def identity(self) -> str:
        """What tells these samples from others: their number, and what the dataset says of them."""
        return f"{len(self.dataset)} samples {getattr(self.dataset, 'identity', '')}".strip()

    def __len__(self) -> int:
        """Return the number of optimizer steps in an epoch."""
        return -(-len(self.dataset) // self.plan.window)

    def groups(self, epoch: int = 0, seen: int = 0) -> Iterator[Group]:
        """Yield the epoch's groups on the device, leaving out its first `seen` samples."""
        # What is put together at once is the same after a resume, to the bit on any device.
        begun = seen // self.plan.share % self.plan.ahead
        order, real = self.plan.lay_out(epoch, seen - begun * self.plan.share)
        batches = islice(zip(self.batches(), real, strict=True), begun, None)
        for samples in order[begun * self.plan.share :].split(self.plan.window):
            yield Group(list(islice(batches, self.plan.window // self.plan.share)), samples)

    def batches(self) -> Iterator[Any]:
        """Yield the batches, transformed on the device."""
        for batch in self.read():
            batch = self.transform(send_to_device(batch, self.device, non_blocking=True))
            if self.plan.ahead == 1:
                yield batch
            else:
                parts = [rows.split(self.plan.batch_size) for rows in batch.values()]
                for rows in zip(*parts, strict=True):
                    yield dict(zip(batch, rows, strict=True))

    def read(self) -> Iterator[Any]:
        """Yield what the dataset puts together.

        Raises SampleError for a sample that can't be read, Fault for a worker that died.
        """
        try:
            batches = iter(self.loader)
            if self.loader.num_workers and hasattr(signal, "SIGCHLD"):
                # With torch's handler, a worker's death is an error anywhere, in a save for
                # instance. Without, it is one here, when the next batch is due.
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            yield from batches
        except UserError as error:
            raise SampleError(last_line(error)) from None
        except (ConnectionError, EOFError, RuntimeError) as error:
            if not self.loader.num_workers or not is_death(error):
                raise
            raise Fault("a loader worker died, perhaps for lack of memory") from None


def is_death(error: Exception) -> bool:
    """Return whether an error while waiting for a worker tells that it is gone."""
    if isinstance(error, RuntimeError):
        return str(error).startswith("DataLoader worker")
    # What it was about to hand over is gone with it; what it raised itself begins with Caught.
    return not str(error).startswith("Caught")


def ignore_signals(worker: int) -> None:
    """Leave the signals sent to a whole process group to the training process, which saves."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@atexit.register
def end_workers() -> None:
    """End the workers an error left behind, which ignore the signal by which Python ends them."""
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()
