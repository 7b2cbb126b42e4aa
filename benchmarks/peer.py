"""Runs one of the loops that compare.py compares, a round at a time.

`peer.py PEER PROJECT STEPS PLAN [SETTING ...]` trains in rounds of so many steps: the project with
these settings if PEER is `template`, else what PEER, a module of peers/, makes of the same data
and network as the JSON in PLAN says. `peer.py help PEER` prints the help of a peer's command.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace


class Gate:
    """Lets the steps of one round pass per line on stdin; answers on stdout with what they cost."""

    def __init__(self, steps: int):
        self.steps, self.cpu, self.wall = steps, cpu_seconds(), time.perf_counter()
        self.scores: dict[str, float] = {}
        """of the last evaluation; set by the peers"""
        self.answers = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what the peers print

    def __call__(self, step: int) -> None:
        """Wait for a line if a round begins with this step, the first one being 0."""
        if step % self.steps == 0:
            self.answer()
            if not sys.stdin.readline():
                os._exit(0)
            self.cpu, self.wall = cpu_seconds(), time.perf_counter()

    def answer(self) -> None:
        """Tell the seconds since the last release, the largest memory so far in MB, the scores."""
        gpu = wait_for_gpu()
        cost = {
            "cpu": cpu_seconds() - self.cpu,
            "wall": time.perf_counter() - self.wall,
            "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "gpu": gpu,
            "scores": self.scores,
        }
        print(json.dumps(cost), file=self.answers)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children, those alive and those ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    tick = os.sysconf("SC_CLK_TCK")
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def wait_for_gpu() -> float:
    """Let the GPU, if one is used, finish its work; return its largest memory so far in MB."""
    torch = sys.modules.get("torch")
    if not torch or not torch.cuda.is_initialized():
        return 0.0
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() / 2**20


def run_template(settings: list[str], gate: Gate) -> None:
    """Run the project's own command, held at the gate where it asks for its next batches."""
    from digits import train as module

    follow, evaluate, train = module.follow, module.evaluate, module.train

    def gated_follow(loader, progress):
        groups = follow(loader, progress)
        while True:
            gate(progress.step)
            yield next(groups)

    def kept_evaluate(*given):
        gate.scores = evaluate(*given)
        return gate.scores

    def gated_train(cfg, accelerator, run):
        progress = train(cfg, accelerator, run)
        gate.answer()
        return progress

    module.follow, module.evaluate, module.train = gated_follow, kept_evaluate, gated_train
    module.main(settings)


def run_peer(name: str, plan: Path, gate: Gate) -> None:
    """Run a module of peers/."""
    module = importlib.import_module(f"peers.{name}")
    content = json.loads(plan.read_text(), object_hook=lambda fields: SimpleNamespace(**fields))
    module.train(content, gate)
    gate.answer()


if __name__ == "__main__":
    if sys.argv[1] == "help":
        importlib.import_module(f"peers.{sys.argv[2]}").show_help()
    else:
        peer, place, length, plan_file, *arguments = sys.argv[1:]
        os.chdir(place)
        sys.path.insert(0, place)
        if peer == "template":
            run_template(arguments, Gate(int(length)))
        else:
            run_peer(peer, Path(plan_file), Gate(int(length)))
