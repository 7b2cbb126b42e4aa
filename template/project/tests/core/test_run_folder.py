"""What a run's folder says: what it was made of, whether it runs, how it ended."""

import errno
import json
from pathlib import Path

import pytest
from filelock import FileLock


def status() -> dict:
    """Return what the folder says of the run's end."""
    return json.loads(Path("runs/run/status.json").read_text())


def test_run_in_use_is_refused(train, module, monkeypatch):
    assert train(kill_after=7) is None
    monkeypatch.setattr(module("core.run_folder"), "PATIENCE", 0)
    with (
        FileLock("runs/run/.lock"),
        pytest.raises(module("core.errors").UserError, match="in use by another process"),
    ):
        train()


def test_folder_that_cannot_be_written_is_refused(train, module):
    Path("runs").touch()
    with pytest.raises(module("core.errors").UserError, match="the run folder can't be written"):
        train()


def test_state_is_the_truth_after_a_kill(train, module):
    read = module("core.run_folder").read_state
    assert train(kill_after=7) is None
    Path("runs/run/status.json").write_text('{"state": "unfinished"}')  # as a real kill leaves it
    with FileLock("runs/run/.lock"):
        assert read(Path("runs/run")) == "running"
    assert read(Path("runs/run")) == "killed"
    assert train() == 0
    assert read(Path("runs/run")) == status()["state"] == "finished"


def test_full_disk_hides_no_error_and_keeps_no_lock(train, module, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail(*_):
        patch.setattr(module("core.files"), "sync", full)
        raise module("core.errors").RunError("the first error")

    with monkeypatch.context() as patch:
        patch.setattr(module("core.metrics").Ledger, "close", full)
        patch.setattr(module("core.nonfinite").Watch, "check", fail)
        with pytest.raises(module("core.errors").RunError, match="the first error"):
            train()
    with FileLock("runs/run/.lock", timeout=0):
        pass


def test_other_data_are_refused_and_nothing_is_lost(train, module):
    assert train(kill_after=7) is None
    before = status()
    data = json.loads(Path("runs/run/data.json").read_text())
    Path("runs/run/data.json").write_text(json.dumps(data | {"train": "3 samples"}))
    with pytest.raises(module("core.errors").UserError, match="other data: its part for train"):
        train()
    assert status() == before
    Path("runs/run/data.json").write_text(json.dumps(data))
    assert train() == 0


def test_part_for_the_end_is_looked_at_once(train, module, call):
    assert train("--data.test", "0.2") == 0
    (scores,) = call("evaluate", "--run", "runs/run", "--part", "test")
    assert {name: scores[name] for name in status()["test"]} == pytest.approx(status()["test"])
    (whole,) = call("evaluate", "--run", "runs/run", "--part", "all")
    parts = (call("evaluate", "--run", "runs/run", "--part", p)[0] for p in ("train", "evaluation"))
    low, high = sorted(each["loss"] for each in (scores, *parts))[::2]
    assert low <= whole["loss"] <= high
    with pytest.raises(
        module("core.errors").UserError, match=r"--part: 'tst'.*allowed: train, eval"
    ):
        module("evaluate").main(["--run", "runs/run", "--part", "tst"])
    assert train("--data.test", "null", "--name", "without") == 0
    assert "test" not in json.loads(Path("runs/without/status.json").read_text())
