"""A run that is stopped saves, says so, and goes on exactly, also on other processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from task import SMALL
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger


def test_signal_saves(package, module):
    arguments = [*SMALL, "--name", "run", "--duration", "2000 steps", "--save_every", "900 steps"]
    process = subprocess.Popen(
        [sys.executable, "-m", f"{package}.train", *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(module("train").__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("step 30"):
            process.terminate()
    assert process.wait() == module("core.stop").PREEMPTED
    status = json.loads(Path("runs/run/status.json").read_text())
    assert status["state"] == "preempted"
    assert final_state("run")[1]["progress"]["step"] == status["step"]


def test_time_limit_saves_and_the_run_goes_on(train, module):
    assert train("--name", "whole") == 0
    assert train("--name", "run", "--time_limit", "0.1 s") == module("core.stop").PREEMPTED
    assert json.loads(Path("runs/run/status.json").read_text())["step"] == 1
    assert train("--name", "run") == 0
    assert_equal(final_state("whole"), final_state("run"))
    assert ledger("whole") == ledger("run")


def test_stop_within_an_evaluation_does_it_in_the_next_start(train, module, monkeypatch):
    assert train("--name", "whole") == 0
    evaluate, count = module("train").evaluate, []

    def interrupted(*given):
        count.append(1)
        if len(count) == 2:
            signal.raise_signal(signal.SIGTERM)
        return evaluate(*given)

    monkeypatch.setattr(module("train"), "evaluate", interrupted)
    assert train("--name", "run") == module("core.stop").PREEMPTED
    assert final_state("run")[1]["progress"]["pending"]
    assert train("--name", "run") == 0
    assert_equal(final_state("whole"), final_state("run"))
    assert ledger("whole") == ledger("run")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_only_a_second_interrupt_ends_the_process(module):
    """One Ctrl-C comes twice within a moment: from the terminal and on from torchrun."""
    child = os.fork()
    if not child:
        stop = module("core.stop")
        asked = stop.Stop(module("core.device").start("fp32"), None)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        asked.asked -= 2
        if asked.agreed():
            signal.raise_signal(signal.SIGINT)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGINT


def test_goes_on_with_another_number_of_processes(train, command):
    assert train(*CURVE, "--data.batch_size", "60", "--name", "one") == 0
    two = [*SMALL, *CURVE, "--data.batch_size", "30", "--name", "two", "--save_every", "9 steps"]
    stopped = command("train", *two, "--time_limit", "0.1 s", processes=2)
    assert "preempted at step 1" in stopped.stdout, stopped.stderr
    assert train(*CURVE, "--data.batch_size", "60", "--name", "two") == 0
    assert_alike("one", "two")
