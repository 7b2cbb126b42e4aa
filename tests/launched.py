"""Commands of rendered projects, launched as a user launches them, in a session of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from drills import STILL, Progress

GONE = 120
"""seconds in which what a command has started is to follow it; a loader's worker takes five"""
FORCED = "forcefully exiting"
"""what torchrun says when it kills a process that has stayed for 30 seconds"""


class Launched:
    """Train, or what `python` is given instead, by itself or on several processes of torchrun."""

    def __init__(
        self,
        project: Path,
        folder: Path,
        *command: str,
        processes: int = 1,
        options: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        log: str = "log",
        **settings,
    ):
        self.here, self.log = folder / "here", folder / log
        self.here.mkdir(parents=True, exist_ok=True)
        launcher = ["torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        if processes > 1:
            command = ("-m", *launcher, *options, "-m", "--", "digits.train")
        flags = [each for key, value in settings.items() for each in (f"--{key}", str(value))]
        self.process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "digits.train")), *flags],
            cwd=self.here,
            env=os.environ | {"PYTHONPATH": str(project)} | (environment or {}),
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes = processes

    def ranks(self) -> list[psutil.Process]:
        """Return the training processes, oldest first, which is in the order of their ranks."""
        if self.processes == 1:
            return [psutil.Process(self.process.pid)]
        found = psutil.Process(self.process.pid).children()
        return sorted(found, key=lambda each: (each.create_time(), each.pid))

    def wait_for(self, text: str) -> None:
        """Wait until a line that the command prints begins with the text."""
        seen = Progress(self.log.parent)
        while not any(line.startswith(text) for line in self.output().splitlines()):
            assert self.process.poll() is None and not seen.stopped(), self.output()
            time.sleep(0.02)

    def send(self, number: int, target: str) -> None:
        """Send a signal to the launcher, to the last rank, or to the whole session's group."""
        if target == "group":
            os.killpg(self.process.pid, number)
        elif target == "launcher":
            self.process.send_signal(number)
        else:
            self.ranks()[-1].send_signal(number)

    def wait(self) -> int:
        """Return the exit code; fail if the command hangs, or a process it started stays."""
        seen = Progress(self.log.parent)
        try:
            while self.process.poll() is None:
                assert not seen.stopped(), f"nothing new in {STILL} s:\n{self.output()}"
                time.sleep(0.02)
            end = time.monotonic() + GONE
            while left := self.left():
                assert time.monotonic() < end, f"left behind: {left}\n{self.output()}"
                time.sleep(0.05)
            return self.process.returncode
        finally:
            self.kill()

    def left(self) -> list[psutil.Process]:
        """Return the processes of the session that are still there."""
        alive = (each for each in psutil.process_iter(["pid", "status"]))
        running = (x for x in alive if x.info["status"] != psutil.STATUS_ZOMBIE)
        return [each for each in running if session(each.pid) == self.process.pid]

    def kill(self) -> None:
        """End all that is left."""
        for process in self.left():
            process.send_signal(signal.SIGKILL)
        self.process.wait()

    def output(self) -> str:
        """Return what the command has printed."""
        return self.log.read_text()


def session(pid: int) -> int | None:
    """Return the session of a process, if it is still there."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
