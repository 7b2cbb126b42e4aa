"""The fault drill: what breaks on several processes, or around them, is one line and no loss.

What one process alone can meet, the tests of each generated repository drill.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import rows
from conftest import copy
from drills import Life, differences, json_lines, timeless
from launched import FORCED, Launched

pytestmark = [pytest.mark.drill, pytest.mark.slow]

SETTINGS = {
    "name": "run",
    "duration": "24 steps",
    "log_every": "1 step",
    "save_every": "7 steps",
    "model.width": "4",
    "schedule.warmup": "0 steps",
}
NOBODY, OTHER = 65534, 65533
"""users that own nothing"""
ACT = """
import importlib.readers, os, sys
import sklearn.datasets, torch._dynamo, torch.utils.tensorboard
from digits import train
from digits.core import errors
digits = sklearn.datasets.load_digits()
sklearn.datasets.load_digits = lambda: digits
os.setuid(int(sys.argv.pop(1)))
errors.run_command(train.main)
"""
"""trains as a user that couldn't read this Python, which is imported before"""
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for other users")


# Of files, which the loader has workers for.
LEAN = rows.LEAN | {"trackers/tensorboard": True, "sources/folder": True}


@pytest.fixture
def live(nursery, snapshot, tmp_path) -> Callable[..., Life]:
    """Give a function that runs train in a project, which may be edited, with some settings."""

    def live(project: Path | None = None, run: str = "a", processes: int = 1, **settings) -> Life:
        given = (SETTINGS | {k.replace("__", "."): v for k, v in settings.items()}).items()
        flags = [each for key, value in given for each in (f"--{key}", str(value))]
        place = project or copied(snapshot, tmp_path)
        return nursery.live(place, tmp_path / run, "train", *flags, processes=processes)

    return live


def copied(snapshot: Path, folder: Path, edits: dict[str, tuple[str, str]] | None = None) -> Path:
    """Give a lean project, with a text of some files replaced."""
    project = folder / "project"
    if not project.exists():
        copy(snapshot, project, rows.answers(LEAN))
    for name, (old, new) in (edits or {}).items():
        path = project / "digits" / name
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))
    return project


def told(life: Life) -> list[str]:
    """Give the lines by which a life tells why it ended."""
    return [line for line in life.output.splitlines() if line.startswith("error: ")]


def folder(tmp_path: Path, run: str = "a") -> Path:
    """Give the folder of a life's run."""
    return tmp_path / run / "here/runs/run"


def checkpoints(run: Path) -> list[str]:
    """Give the names of a run's checkpoints, and of what else lies there."""
    return sorted(path.name for path in (run / "checkpoints").iterdir())


@pytest.mark.parametrize("processes", [1, 2])
def test_unreadable_sample_is_named(snapshot, live, tmp_path, drill, processes):
    from PIL import Image

    with drill("fault: unreadable sample"):
        for number in range(80):
            image = tmp_path / f"images/{number % 2}/{number:02}.png"
            image.parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise((8, 8), 50).save(image)
        image.write_bytes(image.read_bytes()[:-30])
        settings = {"data__root": image.parents[1], "data__workers": 1, "data__batch_size": 8}
        life = live(processes=processes, **settings, data__holdout="0.1")
        assert 2 in life.codes and 0 not in life.codes and not life.forced
        assert sum(f"unreadable image {image}" in line for line in told(life)) == 1


@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_gradient_that_is_not_finite(snapshot, live, tmp_path, drill, policy):
    """The NaN comes on one process; both do the same about it."""
    with drill(f"fault: NaN, {policy}"):
        loss = 'F.cross_entropy(outputs, batch["label"], reduction="none")'
        nan = "* torch.where(batch['key'] == 1438 + 700, float('nan'), 1.0)"
        edits = {"model.py": (f'"loss": {loss}', f'"loss": {loss} {nan}')}
        project = copied(snapshot, tmp_path, edits)
        model = project / "digits/model.py"
        model.write_text(
            model.read_text().replace("\nimport torch.nn", "\nimport torch\nimport torch.nn")
        )
        settings = {"data__batch_size": 60, "optim__max_skips": int(policy == "skip")}
        life = live(project, processes=2, **settings)
        text = life.output if policy == "skip" else told(life)[0]
        assert len(told(life)) == int(policy == "stop")
        step = next(n for n, (keys, _) in enumerate(life.order[0], 1) if 1438 + 700 in keys)
        assert f"step {step}" in text and "of epoch 2" in text
        assert life.codes == [0, 0] if policy == "skip" else 0 not in life.codes
        losses = {
            x["step"]: x["train/loss"] for x in metrics(folder(tmp_path)) if "train/loss" in x
        }
        assert [step for step, loss in losses.items() if loss is None] == [step] * (
            policy == "skip"
        )
        assert max(losses) == (24 if policy == "skip" else step - 1)


def metrics(run: Path) -> list[dict]:
    """Give the lines of a run's ledger without the speed."""
    return [timeless(line) for line in json_lines(run / "metrics.jsonl")]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.parametrize("processes", [1, 2])
def test_full_disk(live, tmp_path, drill, processes):
    with drill("fault: full disk"):
        assert live(run="whole", processes=processes, keep=9).codes == [0] * processes
        small = tmp_path / "a/here"
        small.mkdir(parents=True)
        size = sum(path.stat().st_size for path in folder(tmp_path, "whole").rglob("*"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size * 9 // 10}", "tmpfs", str(small)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("may not mount")
        try:
            life = live(processes=processes, keep=9)
            assert life.codes[0] == 1 and not life.forced  # the other may have done its last step
            assert "can't be written: " in told(life)[0]
            left = [x for x in checkpoints(folder(tmp_path)) if x.startswith("step")]
            assert left == checkpoints(folder(tmp_path))
            shutil.copytree(small, tmp_path / "b/here")
        finally:
            # Python's tracker of resources may still be about to end in it.
            subprocess.run(["umount", "--lazy", str(small)], check=True)
        assert live(run="b", processes=processes, keep=9).codes == [0] * processes
        assert not differences(*(folder(tmp_path, name) for name in ("whole", "b")))


def test_damaged_checkpoints_are_passed_over(live, tmp_path, drill):
    with drill("fault: every checkpoint damaged"):
        assert live(run="whole").codes == [0]
        shutil.copytree(tmp_path / "whole/here", tmp_path / "a/here")
        for path in folder(tmp_path).glob("checkpoints/*/state.pt"):
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        life = live()
        assert life.codes == [0] and life.output.count("is damaged") == 2
        assert not differences(folder(tmp_path, "whole"), folder(tmp_path))


def test_out_of_memory(live, tmp_path, drill):
    with drill("fault: out of memory"):
        life = live(**{"model__width": 65536})
        assert life.codes == [1]
        assert told(life) == life.output.splitlines()
        assert told(life)[0].startswith("error: out of memory; lower data.batch_size and raise")


@pytest.mark.parametrize("fault", ["unreachable at start", "lost midway"])
def test_tracker(snapshot, live, tmp_path, drill, fault):
    with drill(f"fault: tracker {fault}"):
        assert live(run="whole").codes == [0]
        start = "    tracker = TensorBoardTracker(run.name, run.parent, purge_step=step + 1)\n"
        lost = "    count = []\n    plain = tracker.log\n"
        lost += "    def log(*given):\n        count.append(0)\n"
        lost += "        if len(count) > 9:\n            raise ConnectionError('lost')\n"
        lost += "        plain(*given)\n    tracker.log = log\n"
        raises = "    raise ConnectionError('refused')\n"
        broken = {"unreachable at start": raises + start, "lost midway": start + lost}[fault]
        edits = {"trackers/tensorboard.py": (start, broken)}
        life = live(copied(snapshot, tmp_path, edits))
        assert life.codes == [0] and life.output.count("tensorboard is left out from here on") == 1
        assert metrics(folder(tmp_path)) == metrics(folder(tmp_path, "whole"))


@pytest.mark.parametrize("rank", [0, 1])
def test_dead_process(snapshot, tmp_path, drill, rank):
    """The other one leaves by itself, long before torchrun would kill it."""
    with drill("fault: a rank dies") as seen:
        settings = SETTINGS | {"duration": "2000 steps"}
        project = copied(snapshot, tmp_path)
        run = Launched(project, tmp_path, processes=2, **settings)
        run.wait_for("step 30/")
        run.ranks()[rank].send_signal(signal.SIGKILL)
        start = time.monotonic()
        assert run.wait() == 1
        seen["seconds to leave"] += round(time.monotonic() - start)
        assert "another process of the run is gone" in run.output() or rank == 0
        assert FORCED not in run.output()


@pytest.mark.parametrize("kind", [0, -1], ids=["evaluation's", "training's"])
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_dead_loader_worker(snapshot, tmp_path, drill, processes, kind):
    with drill("fault: a loader worker dies"):
        settings = SETTINGS | {"duration": "2000 steps", "data.workers": 2}
        settings |= {"eval_every": "100 steps"}
        project = copied(snapshot, tmp_path)
        run = Launched(project, tmp_path, processes=processes, **settings)
        run.wait_for("step 30/")
        workers = [x for x in run.ranks()[-1].children() if "resource_tracker" not in cmdline(x)]
        workers[kind].send_signal(signal.SIGKILL)
        assert run.wait() == 1, run.output()
        assert "a loader worker died" in run.output(), run.output()
        status = json.loads((run.here / "runs/run/status.json").read_text())
        reason = "a loader worker died, perhaps for lack of memory"
        assert status == {"state": "failed", "reason": reason}, run.output()


def test_killed_run_leaves_no_process(snapshot, tmp_path, drill):
    """Nor where Python starts processes by a server, its default on Linux from 3.14 on."""
    with drill("fault: killed, what is left"):
        settings = SETTINGS | {"duration": "2000 steps", "data.workers": 1}
        served = "import multiprocessing, sys; multiprocessing.set_start_method('forkserver'); "
        served += "from digits import train; train.main(sys.argv[1:])"
        run = Launched(copied(snapshot, tmp_path), tmp_path, "-c", served, **settings)
        run.wait_for("step 30/")
        run.process.kill()
        assert run.wait() == -signal.SIGKILL


def cmdline(process: psutil.Process) -> str:
    """Give the command of a process."""
    return " ".join(process.cmdline())


@root
def test_two_users_start_the_same_run(snapshot, tmp_path, drill):
    with drill("fault: two users, one run"):
        project = copied(snapshot, tmp_path)
        (tmp_path / "here").mkdir()
        for place in (tmp_path / "here", tmp_path, *tmp_path.parents[:-2]):
            place.chmod(0o777)
        settings = SETTINGS | {"duration": "20000 steps"}
        first = Launched(project, tmp_path, "-c", ACT, str(NOBODY), **settings)
        first.wait_for("step 30/")
        for user, reason in ((OTHER, "can't be written"), (NOBODY, "is in use by another")):
            second = Launched(project, tmp_path, "-c", ACT, str(user), log="other", **settings)
            assert second.wait() == 2, second.output()
            (line,) = second.output().splitlines()
            assert line.startswith("error: runs/run") and reason in line
        first.wait_for(f"step {metrics(tmp_path / 'here/runs/run')[-1]['step'] + 1}/")
        first.send(signal.SIGTERM, "launcher")
        assert first.wait() == 75, first.output()
