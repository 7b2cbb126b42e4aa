"""What happens once per run: the cold start, the answer to --help, and `copier copy`."""

import contextlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import HERE, Peer, Worker, resolve
from workloads import OWN

# Ended as the peers are, before Python takes apart what it imported.
DATA = "import os, torch, sklearn.datasets; sklearn.datasets.load_digits(); os._exit(0)"
BASE = "`python -c 'import torch'` and the digits"
TORCH = "`python -c 'import torch'`"
Times = dict[str, list[tuple[float, float]]]


@contextlib.contextmanager
def timed(times: list[tuple[float, float]]) -> Iterator[None]:
    """Note the CPU time of the processes that are waited for meanwhile, and the wall time."""

    def now() -> tuple[float, float]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime, time.perf_counter()

    before = now()
    yield
    times.append(tuple(b - a for a, b in zip(before, now(), strict=True)))


def start(peer: Peer, settings: list[str]) -> None:
    """Start a peer and end it when its first optimizer step is done."""
    worker = Worker(peer, 1, settings, {})
    worker.answer()
    worker.round()
    worker.end()


def call(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command without its output."""
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def measure_starts(peers: list[Peer], settings: list[str], folder: Path, times: int) -> Times:
    """Return CPU and wall seconds of what happens once, measured in turns; rivals sit one out."""
    python = sys.executable
    copy = (python, "-m", "copier", "copy", "--defaults", "-q", "-r", "HEAD", HERE.parent)
    actions: dict[str, Callable[[int], None]] = {BASE: lambda _: call(python, "-c", DATA)}
    for peer in peers:
        resolve(peer.project, [*settings, *peer.settings])  # asked before, so that it isn't timed
        actions[f"{peer.name}: first step"] = lambda _, peer=peer: start(peer, settings)
    actions[TORCH] = lambda _: call(python, "-c", "import torch")
    for peer in peers:
        command = (python, HERE / "peer.py", "help", peer.loop)
        if peer.loop == "template":
            command = (python, "-m", "digits.train", "--help")
        place = peer.project
        actions[f"{peer.name}: --help"] = lambda _, c=command, p=place: call(*c, cwd=p)
    actions["`copier copy`"] = lambda number: call(*copy, folder / f"copy-{number}")
    found: Times = {name: [] for name in actions}
    rivals = tuple(peer.name for peer in peers if peer.name not in OWN)
    for number in range(times):
        for name, action in actions.items():
            if number == 0 or number < times - 1 or not name.startswith(rivals):
                with timed(found[name]):
                    action(number)
    return found


def starts_table(found: Times) -> str:
    """Return the times as tables in Markdown."""
    lines = ["| what | CPU s (min-max) | wall s | x CPU |", "|---|---|---|---|"]
    bases = {"first step": BASE, "--help": TORCH}
    for name, pairs in found.items():
        cpu, wall = zip(*pairs, strict=True)
        base = found[bases[kind]] if (kind := name.rpartition(": ")[2]) in bases else None
        share = f"{median(pairs) / median(base):.2f}" if base else ""
        told = f"{statistics.median(cpu):.2f} ({min(cpu):.2f}-{max(cpu):.2f})"
        lines.append(f"| {name} | {told} | {statistics.median(wall):.2f} | {share} |")
    return "\n".join(lines) + "\n"


def median(pairs: list[tuple[float, float]]) -> float:
    """Return the middle one of the CPU times."""
    return statistics.median(cpu for cpu, _ in pairs)
