"""Runs one of the loops that loop.py compares, a round at a time.

`peers.py PEER FOLDER STEPS [SETTING ...]` trains the project rendered in FOLDER with these
settings, or what PEER makes of its data and network, in rounds of so many steps.
"""

import json
import os
import resource
import sys
import time


class Gate:
    """Lets the steps of one round pass per line on stdin; answers on stdout with what they cost."""

    def __init__(self, steps: int):
        self.steps, self.cpu, self.wall = steps, time.process_time(), time.perf_counter()
        self.answers = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what the peers print

    def __call__(self, step: int) -> None:
        """Wait for a line if a round begins with this step, the first one being 0."""
        if step % self.steps == 0:
            self.answer()
            if not sys.stdin.readline():
                os._exit(0)
            self.cpu, self.wall = time.process_time(), time.perf_counter()

    def answer(self) -> None:
        """Tell the seconds since the last release, and the largest memory so far in MB."""
        cost = {
            "cpu": time.process_time() - self.cpu,
            "wall": time.perf_counter() - self.wall,
            "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(cost), file=self.answers)


def run_bare(settings: list[str], gate: Gate, decay: float | None = None) -> None:
    """Run the loop of bare.py."""
    import bare

    bare.train(settings, gate, decay)
    gate.answer()


def run_template(settings: list[str], gate: Gate) -> None:
    """Run the project's own command, held at the gate where it asks for its next batches."""
    from digits import train as module

    follow, train = module.follow, module.train

    def gated_follow(loader, progress):
        groups = follow(loader, progress)
        while True:
            gate(progress.step)
            yield next(groups)

    def gated_train(*arguments):
        result = train(*arguments)
        gate.answer()
        return result

    module.follow, module.train = gated_follow, gated_train
    module.main(settings)


if __name__ == "__main__":
    peer, place, length, *arguments = sys.argv[1:]
    os.chdir(place)
    sys.path.insert(0, place)
    if peer == "template":
        run_template(arguments, Gate(int(length)))
    else:
        run_bare(arguments, Gate(int(length)), decay=0.99 if peer == "bare+ema" else None)
