"""Renders projects, and lets peers train beside each other, a round at a time."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import copier

HERE = Path(__file__).resolve().parent

# Every process gets the same allocator, which otherwise decides more than the loops differ, one
# thread, as threads on shared cores are slower, and no GPU. Nothing is asked of a network.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_TOP_PAD_": str(2**26),
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


Environment = Mapping[str, str | None]
"""what differs from this process's; None takes a variable away"""


class Peer(NamedTuple):
    """A row of a table."""

    name: str
    loop: str
    """what peer.py calls it"""
    project: Path
    against: str
    """name of the peer that does the same work by hand"""
    settings: tuple[str, ...] = ()
    processes: int = 1


class Worker:
    """The process of a peer, or its processes, that wait at a gate."""

    def __init__(
        self, peer: Peer, steps: int, settings: list[str], environment: dict[str, str | None]
    ):
        self.run = Path(tempfile.mkdtemp(dir=peer.project / "runs"))
        settings = [*settings, *peer.settings]
        plan = self.run.with_suffix(".json")
        content = resolve(peer.project, settings) | {"folder": str(self.run)}
        plan.write_text(json.dumps(content))
        command = [sys.executable, HERE / "peer.py", peer.loop, peer.project, str(steps), plan]
        command += ["--name", self.run.name, *settings]
        known = {k: v for k, v in {**os.environ, **environment}.items() if v is not None}
        self.errors = self.run.with_suffix(".txt").open("w+")
        self.processes = [
            subprocess.Popen(
                command,
                stdin=-1,
                stdout=-1,
                stderr=self.errors,
                text=True,
                env=known | each,
            )
            for each in ranks(peer.processes)
        ]

    def answer(self) -> dict[str, Any]:
        """Wait for the end of the start or of the round, and return what it cost."""
        answers = []
        for process in self.processes:
            line = process.stdout.readline()
            if not line:
                self.errors.seek(0)
                raise RuntimeError(f"{process.args} failed: {self.errors.read()[-2000:]}")
            answers.append(json.loads(line))
        cost = {key: max(each[key] for each in answers) for key in ("wall", "rss", "gpu")}
        return cost | {"cpu": sum(each["cpu"] for each in answers), "scores": answers[0]["scores"]}

    def round(self) -> dict[str, Any]:
        """Let one round pass and return what it cost."""
        for process in self.processes:
            print(file=process.stdin, flush=True)
        return self.answer()

    def end(self) -> None:
        """End the processes and count their CPU time as children's."""
        for process in self.processes:
            process.kill()
            process.communicate()
        self.errors.close()


def ranks(processes: int) -> list[dict[str, str]]:
    """Return what torchrun tells each of so many processes; nothing for one."""
    if processes == 1:
        return [{}]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    sizes = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    numbers = ({"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes))
    return [sizes | place | number for number in numbers]


PLANS: dict[tuple[str, ...], dict[str, Any]] = {}


def resolve(project: Path, settings: list[str]) -> dict[str, Any]:
    """Return what the project makes of settings, asked only once."""
    key = (str(project), *settings)
    if key not in PLANS:
        command = [sys.executable, HERE / "plan.py", *key]
        found = subprocess.run(command, capture_output=True, text=True)
        if found.returncode:
            raise RuntimeError(f"{command}: {found.stderr[-2000:]}")
        PLANS[key] = json.loads(found.stdout)
    return PLANS[key]


def render(folder: Path, network: str = "", **answers: Any) -> Path:
    """Write a project with the template as it lies here; `network` goes to its model.py's end."""
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
    with (folder / "digits" / "model.py").open("a") as file:
        file.write(network)
    return folder


def race(
    peers: list[Peer],
    rounds: int,
    epochs: int,
    settings: list[str],
    environment: Environment = MappingProxyType({}),
    more: int = 0,
    staying: tuple[str, ...] = (),
) -> dict[str, list[dict[str, Any]]]:
    """Train the peers in turn, a round of so many epochs at a time; return the rounds' costs.

    The first round, which warms up, is left out. After all rounds, those that stay have more.
    """
    settings = ["--duration", f"{(rounds + more) * epochs} epochs", *settings]
    steps = resolve(peers[0].project, settings)["epoch"] * epochs
    workers = {peer.name: Worker(peer, steps, settings, environment) for peer in peers}
    try:
        for worker in workers.values():
            worker.answer()
        costs: dict[str, list[dict[str, Any]]] = {peer.name: [] for peer in peers}
        for number in range(rounds + more):
            names = [name for name in workers if number < rounds or name in staying]
            first = number % len(names)
            for name in names[first:] + names[:first]:
                costs[name].append(workers[name].round())
    finally:
        for worker in workers.values():
            worker.end()
    return {name: found[1:] for name, found in costs.items()}


def spread(mine: list[float], other: list[float]) -> tuple[float, float, float]:
    """Return the ratio of the medians, and the least and the largest one of a round.

    They are over the rounds that both have had.
    """
    both = min(len(mine), len(other))
    mine, other = mine[:both], other[:both]
    pairs = [a / b for a, b in zip(mine, other, strict=True)]
    return statistics.median(mine) / statistics.median(other), min(pairs), max(pairs)


def ratio(mine: list[float], other: list[float]) -> str:
    """Return the ratio of the medians with the least and the largest one of a round."""
    middle, least, largest = spread(mine, other)
    return f"**{middle:.2f}** ({least:.2f}-{largest:.2f})"
