"""The harness of the drills: lives of a project's command that start warm and end where they must.

A nursery has imported all that a project imports. Each process of a life is a fork of it that runs
the command as `python -m` does, and may be killed at any event of the interpreter: call or return.
"""

import atexit
import contextlib
import functools
import gc
import hashlib
import json
import math
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import torch

PACKAGE = "digits"
LATER = (
    "sklearn.datasets",
    "functorch.compile",
    "transformers.models.modernbert.modeling_modernbert",
)
"""what takes seconds to import and is imported only while a project runs"""
DEPTH = 2
"""calls below a file of the package in which events still count as that file's"""
CLOCK = "clock"
"""the place of a kill at a moment, which also comes inside of what isn't Python"""
LINE = "line"
"""the place of a kill after a line of the ledger, for which nothing has to be watched"""
GRACE = 30
"""seconds from SIGTERM to SIGKILL once a process has died, as torchrun gives"""
STILL = 600
"""seconds without a new byte in any file after which a life hangs: however slow, a step ends"""
HANGS = 7200
"""seconds after which a command hangs of which nothing can be seen before its end"""
LOOK = 5
"""seconds between two looks at the files"""


@dataclass
class Life:
    """What the processes of one start of a command did, in the order of their ranks."""

    codes: list[int]
    """exit codes; minus the number of the signal that ended the process"""
    forced: bool
    """whether a process outlived another by the whole grace"""
    seconds: float
    """from the start of the first to the end of the last"""
    megabytes: int
    """the largest memory of one of them, what it shares with the nursery included"""
    output: str
    """what all of them printed"""
    order: list[list]
    """per optimizer step, the keys of the samples: of the whole step, of this process's batches"""
    events: list[dict[str, tuple[int, int]]]
    """events per file of the package: those before the first optimizer step, and all"""


class Nursery:
    """Starts lives, one at a time; `project` is one whose imports most of them need.

    What libraries read from the environment as they are imported is given here.
    """

    def __init__(self, project: Path, environment: dict[str, str] | None = None):
        self.server = subprocess.Popen(
            [sys.executable, __file__, str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | (environment or {}),
        )

    def live(
        self,
        project: Path,
        folder: Path,
        module: str,
        *arguments: str,
        processes: int = 1,
        kills: dict[int, tuple[str, float]] | None = None,
        together: bool = False,
        watched: bool = False,
        goal: dict[str, Any] | None = None,
        compiles: bool = True,
    ) -> Life:
        """Run a command of the project in `folder/here`, on one process or on several.

        `kills` says at which event in which file a rank is killed, at which second on the `CLOCK`,
        or at which `LINE`; the others then get SIGTERM, as from torchrun, or `together` die with
        it, as with their machine. Of a life that is `watched`, the events are counted. One with a
        `goal` gets SIGTERM at an evaluation whose `score` is at `least` or at `most` so much. One
        that doesn't compile takes a compiled model as it is.
        """
        here, number = folder / "here", len(list(folder.glob("life-*")))
        traces = folder / f"life-{number}"
        traces.mkdir(parents=True)
        job = {
            "project": str(project),
            "here": str(here),
            "traces": str(traces),
            "module": f"{PACKAGE}.{module}",
            "arguments": arguments,
            "environment": environment(project, folder, processes),
            "processes": processes,
            "kills": {str(rank): kill for rank, kill in (kills or {}).items()},
            "together": together,
            "watched": watched,
            "goal": goal,
            "compiles": compiles,
        }
        print(json.dumps(job), file=self.server.stdin, flush=True)
        answer = json.loads(self.server.stdout.readline())
        ranks = range(processes)
        output = (traces / "output").read_text()
        assert not answer["hung"], f"nothing new in {STILL} s:\n{output}"
        files = [(traces / f"order-{rank}", traces / f"events-{rank}") for rank in ranks]
        return Life(
            answer["codes"],
            answer["forced"],
            answer["seconds"],
            answer["megabytes"],
            output,
            [json_lines(order) for order, _ in files],
            [json.loads(x.read_text() or "{}") if x.exists() else {} for _, x in files],
        )

    def close(self) -> None:
        self.server.stdin.close()
        self.server.wait()


def environment(project: Path, folder: Path, processes: int = 1) -> dict[str, str]:
    """Return what processes find set, but for their ranks; all they write is in the folder."""
    for name in ("here", "home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    own = {"PYTHONPATH": project, "HOME": folder / "home", "TMPDIR": folder / "tmp"}
    found = {name: str(value) for name, value in own.items()}
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            found |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        found |= {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
        found |= {"ACCELERATE_USE_CPU": "true"}
    return found


def edited(project: Path, folder: Path, **added: str) -> Path:
    """Copy a project, with text added to the end of some of its modules; return the copy."""
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module, text in added.items():
        with (folder / PACKAGE / f"{module}.py").open("a") as file:
            file.write(text)
    return folder


def json_lines(path: Path) -> list:
    """Return the whole lines of a file of JSON lines; none if it isn't there."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


# The comparison of two runs.


def differences(one: Path, other: Path) -> list[str]:
    """Name what differs between two run folders, bit for bit but for the speed."""
    mine, its = contents(one), contents(other)
    return [
        f"{name}: {mine.get(name, 'is not there')!r:.500} != {its.get(name, 'is not there')!r:.500}"
        for name in sorted(mine.keys() | its.keys())
        if name not in mine or name not in its or mine[name] != its[name]
    ]


def contents(run: Path) -> dict[str, Any]:
    """Return all that a run folder holds, by name: of files, of tensors, of lines."""
    found = {}
    for path in run.rglob("*"):
        name = path.relative_to(run).as_posix()
        if path.is_dir() or path.name.startswith("events.out.tfevents"):
            found[name.split(".tfevents.")[0]] = None
        elif path.suffix == ".pt":
            found |= leaves(torch.load(path, weights_only=True), name)
        elif path.suffix == ".jsonl":
            lines = enumerate(json_lines(path))
            found |= {f"{name}, line {number}": timeless(line) for number, line in lines}
        elif path.name == "manifest.json":
            manifest = json.loads(path.read_text())
            if path.parent == run:
                del manifest["command"]  # some starts are forks of the nursery
            else:
                del manifest["crc32"]["state.pt"]  # equal states may be pickled in two ways
            found[name] = manifest
        else:
            found[name] = digest(path.read_bytes())
    return found


def timeless(line: dict) -> dict:
    """Return a line of metrics.jsonl without the speed."""
    return {name: value for name, value in line.items() if "samples_per_s" not in name}


def digest(data: bytes) -> str:
    """Return what stands for the data in comparisons and messages."""
    return hashlib.sha256(data).hexdigest()


def leaves(state: Any, name: str) -> dict[str, Any]:
    """Return what a nested state holds by the way to it, tensors as digests of their bytes."""
    if isinstance(state, dict | list | tuple):
        items = state.items() if isinstance(state, dict) else enumerate(state)
        inside = [leaves(value, f"{name}/{key!r}") for key, value in items]
        return {name: type(state).__name__} | {k: v for each in inside for k, v in each.items()}
    if isinstance(state, torch.Tensor):
        data = state.contiguous().view(-1).view(torch.uint8).numpy()
        return {name: (state.dtype, tuple(state.shape), digest(data.tobytes()))}
    return {name: (type(state).__name__, repr(state))}


# The server: what follows runs in the process a Nursery starts, and in its forks.


def serve(project: str) -> None:
    """Import what the project imports, then start each life that is asked for on stdin."""
    sys.path[0] = project
    for name in (f"{PACKAGE}.train", *LATER):
        import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]  # a life imports its own project's
    gc.freeze()  # or each fork's collections would copy what it shares with this process
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        job = json.loads(line)
        running = {}
        for rank in range(job["processes"]):
            running[os.fork()] = rank
            if 0 in running:
                answers.close()
                return become(job, rank) if job["processes"] > 1 else hurry(job)
        seen = Progress(Path(job["traces"]).parent)
        print(json.dumps(attend(running, job["together"], seen)), file=answers, flush=True)


class Progress:
    """Tells whether something is still written in a folder."""

    def __init__(self, folder: Path):
        self.folder, self.state = folder, 0
        self.looked = self.moved = time.monotonic()

    def stopped(self) -> bool:
        """Tell whether nothing has changed in the folder for so long that nothing will."""
        now = time.monotonic()
        if now - self.looked > LOOK:
            state, self.looked = hash(frozenset(written(self.folder))), now
            if state != self.state:
                self.state, self.moved = state, now
        return now - self.moved > STILL


def written(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield each file below a folder with its size and the time it was written at."""
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found = os.lstat(f"{place}/{name}")
                yield f"{place}/{name}", found.st_size, found.st_mtime_ns


def attend(running: dict[int, int], together: bool, seen: Progress) -> dict[str, Any]:
    """Wait for processes as torchrun does: once one has failed, the others are ended."""
    codes, forced, started, failed = [0] * len(running), False, time.monotonic(), math.inf
    peak, hung = 0, False
    while running:
        time.sleep(0.005)
        for pid, rank in list(running.items()):
            done, status, usage = os.wait4(pid, os.WNOHANG)
            if done:
                codes[rank] = os.waitstatus_to_exitcode(status)
                peak = max(peak, usage.ru_maxrss // 1024)
                del running[pid]
        now = time.monotonic()
        if any(codes) and failed == math.inf:
            failed = now
            end(running, signal.SIGKILL if together else signal.SIGTERM)
        if now - failed > GRACE and not forced:
            forced = bool(running)
            end(running, signal.SIGKILL)
        if seen.stopped() and not hung:
            hung = True
            end(running, signal.SIGKILL)
    life = {"codes": codes, "forced": forced, "seconds": now - started, "megabytes": peak}
    return life | {"hung": hung}


def end(running: dict[int, int], number: int) -> None:
    """Send a signal to all processes that run."""
    for pid in running:
        os.kill(pid, number)


def become(job: dict[str, Any], rank: int) -> None:
    """Be a process of a life from here to its end, which is that of this interpreter."""
    os.chdir(job["here"])
    os.environ.update(job["environment"])
    if job["processes"] > 1:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    output = os.open(f"{job['traces']}/output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, target in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(target, number)
    sys.path[0:1] = [job["here"], job["project"]]
    sys.argv[1:] = job["arguments"]
    events, before = Counter(), Counter()
    record_order(f"{job['traces']}/order-{rank}", lambda: before or before.update(events))
    import_module("torch._dynamo").config.disable |= not job["compiles"]
    place, number = job["kills"].get(str(rank), ("", 0))
    follow_ledger(number if place == LINE else 0, job["goal"])
    if place == CLOCK:
        signal.setitimer(signal.ITIMER_REAL, number)  # by default SIGALRM ends a process, too
    elif job["watched"] or place not in ("", LINE):
        watch(events, f"{job['project']}/{PACKAGE}/", place, number)
    try:
        runpy.run_module(job["module"], run_name="__main__", alter_sys=True)
    finally:
        sys.setprofile(None)
        counted = {file: (before[file], events[file]) for file in events}
        Path(job["traces"], f"events-{rank}").write_text(json.dumps(counted))


def hurry(job: dict[str, Any]) -> None:
    """Be the only process of a life, and end as Python does, but for taking itself apart.

    That would touch, and so copy, all the memory that it shares with the nursery.
    """
    try:
        become(job, 0)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def follow_ledger(last: int, goal: dict[str, Any] | None) -> None:
    """Die after the last line, and send SIGTERM to this process when the goal is reached."""
    ledger, lines = import_module(f"{PACKAGE}.core.metrics").Ledger, count(1)
    log = ledger.log

    @functools.wraps(log)
    def logged(self, values, step):
        log(self, values, step)
        if next(lines) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        score = values.get(f"eval/{goal['score']}") if goal else None
        if score is not None and goal.get("least", score) <= score <= goal.get("most", score):
            os.kill(os.getpid(), signal.SIGTERM)

    if last or goal:
        ledger.log = logged


def record_order(path: str, begin: Callable[[], None]) -> None:
    """Let a step write down its samples before it is taken."""
    step = import_module(f"{PACKAGE}.step").Step
    take = step.__call__

    @functools.wraps(take)
    def recorded(self, group):
        begin()
        mine = [batch["key"][:real].tolist() for batch, real in group.batches]
        with open(path, "a") as file:
            file.write(json.dumps([group.samples.tolist(), mine]) + "\n")
        return take(self, group)

    step.__call__ = recorded


def watch(counts: Counter, package: str, place: str, number: int) -> None:
    """Count the events in each file of the package, and die at the given one of `place`.

    What a file calls belongs to it as well, down to `DEPTH` calls: deep enough for all it does to
    files, and not so deep that the parsing and pickling of others are most of it.
    """
    inside, depths = [], []

    def note(frame, event, _):
        file = frame.f_code.co_filename
        if event == "call":
            if file.startswith(package):
                inside.append(file.removeprefix(package).removeprefix("core/"))
                depths.append(0)
            elif inside:
                depths[-1] += 1
        if inside and depths[-1] <= DEPTH:
            counts[inside[-1]] += 1
            if inside[-1] == place and counts[place] == number:
                os.kill(os.getpid(), signal.SIGKILL)
        if event == "return" and inside:
            if file.startswith(package):
                inside.pop()
                depths.pop()
            else:
                depths[-1] -= 1

    os.register_at_fork(after_in_child=lambda: sys.setprofile(None))  # for the loader's workers
    sys.setprofile(note)


if __name__ == "__main__":
    serve(*sys.argv[1:])
