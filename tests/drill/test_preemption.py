"""The preemption drill: a run that is asked to stop saves, says so, and goes on to the same end."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import copy
from drills import differences
from launched import FORCED, Launched

pytestmark = [pytest.mark.drill, pytest.mark.slow]

SETTINGS = {
    "name": "run",
    "duration": "150 steps",
    "log_every": "5 steps",
    "eval_every": "40 steps",
    "save_every": "70 steps",
    "data.workers": "1",
    "model.width": "4",
}
HANDLED = "--signals-to-handle=SIGTERM,SIGINT,SIGUSR1"
"""torchrun passes no other signals on than it is told"""
PREEMPTED, FAILED = 75, 1
"""exit codes of a run that was stopped, and of torchrun after it"""
SHORT = {(signal.SIGTERM, "launcher", 1), (signal.SIGINT, "group", 2), (signal.SIGUSR1, "rank", 2)}
ALL = [
    (number, target, processes)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    for processes, targets in ((1, ("launcher", "group")), (2, ("launcher", "rank", "group")))
    for target in targets
]
MODES = {
    f"{number.name} to the {target}, {processes}": (number, target, processes)
    for number, target, processes in ALL
}


@pytest.fixture(scope="module")
def project(render: Callable[..., Path]) -> Path:
    """Give a project with a tracker that has to be closed."""
    return render(trackers=["tensorboard"], extras=["ema"])


@pytest.fixture(scope="module")
def whole(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Give a function that gives the folder of the run that is never stopped."""
    done: dict[int, Path] = {}

    def of(processes: int) -> Path:
        if processes not in done:
            folder = tmp_path_factory.mktemp("whole")
            run = Launched(project, folder, processes=processes, **SETTINGS)
            assert run.wait() == 0, run.output()
            done[processes] = run.here / "runs/run"
        return done[processes]

    return of


def state(run: Path) -> dict:
    """Give what a run's folder says of how it ended."""
    return json.loads((run / "status.json").read_text())


@pytest.mark.parametrize(
    "mode",
    [pytest.param(k, marks=[] if v in SHORT else [pytest.mark.deep]) for k, v in MODES.items()],
)
def test_signal(project, whole, tmp_path, drill, mode):
    number, target, processes = MODES[mode]
    same = whole(processes)
    with drill("preemption: signal") as seen:
        run = Launched(project, tmp_path, processes=processes, options=(HANDLED,), **SETTINGS)
        run.wait_for("step 30/")
        run.send(number, target)
        assert run.wait() == (PREEMPTED if processes == 1 else FAILED), run.output()
        assert "Traceback" not in run.output().split("torch/distributed")[0]
        folder = run.here / "runs/run"
        status = state(folder)
        assert status["state"] == "preempted" and 30 <= status["step"] < 150
        assert (folder / f"checkpoints/step-{status['step']:08d}").is_dir()
        again = Launched(project, tmp_path, processes=processes, **SETTINGS)
        assert again.wait() == 0, again.output()
        seen["resumes"] += 1
        assert not differences_but_events(same, folder)
        assert scalars(folder) == scalars(same)


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_time_limit(project, whole, tmp_path, drill, processes):
    same = whole(processes)
    with drill("preemption: time limit") as seen:
        for number in range(8):
            limit = f"{2**number} s"  # a start alone takes the first, on a busy machine others
            run = Launched(project, tmp_path, processes=processes, time_limit=limit, **SETTINGS)
            code = run.wait()
            if code == 0:
                break
            seen["resumes"] += 1
            assert code == (PREEMPTED if processes == 1 else FAILED), run.output()
            assert state(run.here / "runs/run")["state"] == "preempted"
        assert seen["resumes"] and code == 0
        assert not differences_but_events(same, run.here / "runs/run")


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_second_interrupt_leaves_at_once(snapshot, tmp_path, drill, processes):
    """In a step without an end; what was saved before is whole, and the run goes on."""
    with drill("preemption: second Ctrl-C"):
        project = copy(snapshot, tmp_path / "project")
        step = project / "digits/step.py"
        plain = step.read_text()
        settings = SETTINGS | {"duration": "20 steps", "schedule.warmup": "0 steps"}
        settings |= {"save_every": "5 steps", "log_every": "1 step"}
        head = "        seen = []\n"
        slow = ("import time", "time.sleep(9999 * (len(steps) == 8))", "steps.append(0)")
        slow = "".join(f"        {line}\n" for line in slow)
        assert head in plain
        step.write_text(plain.replace(head, f"{slow}{head}") + "\n\nsteps = []\n")
        run = Launched(project, tmp_path, processes=processes, **settings)
        run.wait_for("step 8/")
        run.send(signal.SIGINT, "group")
        time.sleep(5)  # the first is long noted then: what comes within a second counts as one
        run.send(signal.SIGINT, "group")
        assert run.wait() not in (0, PREEMPTED), run.output()
        assert FORCED not in run.output()
        assert state(run.here / "runs/run")["state"] == "unfinished"
        names = sorted(x.name for x in (run.here / "runs/run/checkpoints").glob("step-*"))
        assert names == ["step-00000005"]
        step.write_text(plain)
        again = Launched(project, tmp_path, processes=processes, **settings)
        assert again.wait() == 0, again.output()
        other = Launched(project, tmp_path / "b", processes=processes, **settings)
        assert other.wait() == 0, other.output()
        assert not differences(other.here / "runs/run", again.here / "runs/run")


def differences_but_events(one: Path, other: Path) -> list[str]:
    """Name what differs between two runs but for the command, events and earlier checkpoints."""
    folders = []
    for run in (one, other):
        folders.append(run.parent / "without-events" / run.name)
        shutil.copytree(
            run, folders[-1], ignore=shutil.ignore_patterns("events.out*"), dirs_exist_ok=True
        )
        for name in ("config.yaml", "manifest.json"):
            (folders[-1] / name).unlink()
        # the one kept behind the last may be that of the stop, wherever it fell
        for earlier in sorted((folders[-1] / "checkpoints").glob("step-*"))[:-1]:
            shutil.rmtree(earlier)
    return differences(*folders)


def scalars(run: Path) -> dict[str, list]:
    """Give what TensorBoard shows of a run, but for the speed: each step's value, by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run)).Reload()
    tags = [tag for tag in events.Tags()["scalars"] if "samples_per_s" not in tag]
    return {tag: [(x.step, x.value) for x in events.Scalars(tag)] for tag in tags}
