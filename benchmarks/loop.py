"""Measure what a rendered project's training costs beside a loop tuned by hand: see README.md."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import copier

HERE = Path(__file__).resolve().parent
EPOCH = 23  # optimizer steps: 1,438 digits in batches of 64
PACKAGES = ("torch", "accelerate", "numpy", "scikit-learn", "jsonargparse", "copier")

# Every process gets the same allocator, which otherwise decides more than the loops differ, one
# thread, as threads on shared cores are slower, and no GPU.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_TOP_PAD_": str(2**26),
}

# The user's own file is where the network comes from: this goes to the end of model.py.
MLP = """

def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    sides = [spec.channels * spec.size**2, 128, 128, len(spec.classes)]
    layers = [nn.Flatten(), nn.Linear(sides[0], sides[1]), nn.ReLU()]
    layers += [nn.Linear(sides[1], sides[2]), nn.ReLU(), nn.Linear(sides[2], sides[3])]
    return nn.Sequential(*layers)
"""
DATA = "import torch, sklearn.datasets; sklearn.datasets.load_digits()"


class Peer(NamedTuple):
    """A row of a table."""

    name: str
    loop: str
    """what peers.py calls it"""
    project: Path
    against: str
    """name of the peer that does the same work by hand"""
    settings: tuple[str, ...] = ()


class Worker:
    """A process of peers.py that waits at a gate."""

    def __init__(self, peer: Peer, steps: int, settings: list[str]):
        self.run = Path(tempfile.mkdtemp(dir=peer.project / "runs"))
        command = [sys.executable, HERE / "peers.py", peer.loop, peer.project, str(steps)]
        command += ["--name", self.run.name, *settings, *peer.settings]
        self.process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)

    def answer(self) -> dict[str, float]:
        """Wait for the end of the start or of the round, and return what it cost."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} failed")
        return json.loads(line)

    def round(self) -> dict[str, float]:
        """Let one round pass and return what it cost."""
        print(file=self.process.stdin, flush=True)
        return self.answer()

    def accuracy(self) -> float:
        """Return the last evaluation's."""
        lines = map(json.loads, (self.run / "metrics.jsonl").read_text().splitlines())
        return [line["eval/accuracy"] for line in lines if "eval/accuracy" in line][-1]

    def end(self) -> None:
        """End the process and count its CPU time as a child's."""
        self.process.kill()
        self.process.communicate()


def render(folder: Path, **answers: Any) -> Path:
    """Write a project with the template as it lies here."""
    with warnings.catch_warnings(action="ignore"):  # of changes that are not committed
        copier.run_copy(
            str(HERE.parent),
            folder,
            data={"infra": []} | answers,
            vcs_ref="HEAD",
            defaults=True,
            quiet=True,
        )
    (folder / "runs").mkdir()
    return folder


def compare(title: str, peers: list[Peer], rounds: int, epochs: int, settings: list[str]) -> None:
    """Train the peers in turn, a round of so many epochs at a time, and print their table."""
    settings = ["--duration", f"{rounds * epochs} epochs", *settings]
    workers = {p.name: Worker(p, EPOCH * epochs, settings) for p in peers}
    for worker in workers.values():
        worker.answer()
    costs: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
    for number in range(rounds):
        order = [*workers][number % len(workers) :] + [*workers][: number % len(workers)]
        for name in order:
            costs[name].append(workers[name].round())
    print(f"\n### {title}\n{rounds - 1} rounds of {EPOCH * epochs} steps, after one to warm up\n")
    print("| loop | CPU µs/step | x CPU (min-max) | x wall (min-max) | RSS MB | accuracy |")
    print("|---|---|---|---|---|---|")
    for peer in peers:
        mine, other = (costs[name][1:] for name in (peer.name, peer.against))
        micros = statistics.median(each["cpu"] for each in mine) / (EPOCH * epochs) * 1e6
        ratios = [ratio([e[key] for e in mine], [e[key] for e in other]) for key in ("cpu", "wall")]
        if peer.name == peer.against:
            ratios = ["1"] * 2
        found = f"{mine[-1]['rss']:.0f} | {workers[peer.name].accuracy():.4f}"
        print(f"| {peer.name} | {micros:,.0f} | {ratios[0]} | {ratios[1]} | {found} |", flush=True)
    for worker in workers.values():
        worker.end()


def ratio(mine: list[float], other: list[float]) -> str:
    """Return the ratio of the medians with the least and the largest one of a round."""
    pairs = [a / b for a, b in zip(mine, other, strict=True)]
    middle = statistics.median(mine) / statistics.median(other)
    return f"**{middle:.2f}** ({min(pairs):.2f}-{max(pairs):.2f})"


@contextlib.contextmanager
def timed(times: list[tuple[float, float]]) -> Iterator[None]:
    """Note the CPU time of the processes that are waited for meanwhile, and the wall time."""

    def now() -> tuple[float, float]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime, time.perf_counter()

    before = now()
    yield
    times.append(tuple(b - a for a, b in zip(before, now(), strict=True)))


def start(peer: Peer) -> None:
    """Start a project's command and end it when the first optimizer step is done."""
    worker = Worker(peer, 1, [])
    worker.answer()
    worker.round()
    worker.end()


def call(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command without its output."""
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def compare_starts(peers: list[Peer], folder: Path, times: int) -> None:
    """Measure what happens once, in turns, and print the table."""
    python, lean = sys.executable, peers[0].project
    train = (python, "-m", "digits.train", "--help")
    copy = (python, "-m", "copier", "copy", "--defaults", "-q", "-r", "HEAD", HERE.parent)
    actions: dict[str, Callable[[int], None]] = {
        "python -c 'import torch' and the digits": lambda _: call(python, "-c", DATA),
        **{
            f"{peer.name}: start to the end of the first step": lambda _, p=peer: start(p)
            for peer in peers
        },
        "python -c 'import torch'": lambda _: call(python, "-c", "import torch"),
        "lean: train --help": lambda _: call(*train, cwd=lean),
        "copier copy": lambda number: call(*copy, folder / f"copy-{number}"),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for number in range(times):
        for name, action in actions.items():
            with timed(found[name]):
                action(number)
    print(f"\n### Once per run: medians of {times}\n\n| what | CPU s (min-max) | wall s |")
    print("|---|---|---|")
    for name, pairs in found.items():
        cpu, wall = zip(*pairs, strict=True)
        spread = f"{statistics.median(cpu):.2f} ({min(cpu):.2f}-{max(cpu):.2f})"
        print(f"| {name} | {spread} | {statistics.median(wall):.2f} |")


def main() -> None:
    """Render the projects, measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    quick = parser.parse_args().quick
    git = ("git", "describe", "--always", "--dirty")
    commit = subprocess.run(git, cwd=HERE, capture_output=True, text=True).stdout.strip()
    machine = f"{os.cpu_count()} cores with load {os.getloadavg()[0]:.1f}"
    print(datetime.date.today(), f"commit {commit}", machine, sep=", ")
    print(f"Python {platform.python_version()},", ", ".join(f"{p} {version(p)}" for p in PACKAGES))
    patient = ("--early_stopping.patience", "1000000")  # it counts, but doesn't stop
    techniques = {"extras": ["ema"], "early_stopping": True}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lean, full = render(folder / "lean"), render(folder / "full", **techniques)
        peers = [
            Peer("bare", "bare", lean, "bare"),
            Peer("lean", "template", lean, "bare"),
            Peer("bare, EMA", "bare+ema", lean, "bare, EMA"),
            Peer("full", "template", full, "bare, EMA", patient),
        ]
        shipped = ["--save_every", "1 epoch"]
        compare("The network and the settings as shipped", peers, 3 if quick else 10, 2, shipped)
        compare_starts(peers[:2], folder, 1 if quick else 3)
        for project in (lean, full):
            with (project / "digits" / "model.py").open("a") as file:
                file.write(MLP)
        alone = ["--save_every", "1000 epochs", "--data.augment.crop", "0"]
        compare("A tiny network", peers, 3 if quick else 12, 10, alone)


if __name__ == "__main__":
    main()
