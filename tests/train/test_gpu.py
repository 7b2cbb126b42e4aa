"""The GPU tier: varied rows on a CUDA device, each to its score, with its speed and peak memory."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest
import rows
import torch
from drills import HANGS, json_lines
from proofs import check_reached, proof

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

TECHNIQUES = [factor for factor in rows.factors() if factor.startswith("extras/")]
ALL = {factor: rows.FULL[factor] for factor in TECHNIQUES}
"""those that go together"""
SCALED = [f for f in TECHNIQUES if rows.allowed(rows.LEAN | {"precision": "fp16", f: True})]
ACCUMULATE = {"--optim.accumulate": "2", "--data.batch_size": "32"}
VARIED = {
    "fp32": ({}, {}),
    "fp32, all techniques": (ALL, {}),
    "bf16": ({"precision": "bf16"}, {}),
    "bf16, all techniques": ({"precision": "bf16"} | ALL, {}),
    "bf16, accumulation": ({"precision": "bf16"}, ACCUMULATE),
    "bf16, SGD, one-cycle": (
        {"precision": "bf16", "optimizer": "sgd", "schedule": "onecycle", "sources/folder": True},
        {"--data.workers": "2"},
    ),
    "fp16": ({"precision": "fp16"}, {}),
    "fp16, accumulation": ({"precision": "fp16"}, ACCUMULATE),
    "fp16, early stopping": ({"precision": "fp16", "early_stopping": True}, {}),
    "auto, RMSprop, plateau": ({"optimizer": "rmsprop", "schedule": "plateau"}, {}),
} | {f"fp16, {factor}": ({"precision": "fp16", factor: True}, {}) for factor in SCALED}
# Reports what a process took of the GPU, and else is `python -m`.
MEASURED = """
import atexit, runpy, sys, torch
module = sys.argv.pop(1)
atexit.register(lambda: print("peak MiB", torch.cuda.max_memory_allocated() // 2**20))
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def start(project, folder, *arguments: str) -> subprocess.Popen:
    """Start train on the GPU."""
    return subprocess.Popen(
        [sys.executable, "-c", MEASURED, "digits.train", "--name", "run", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(project), "CUBLAS_WORKSPACE_CONFIG": ":4096:8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", VARIED)
def test_reaches_its_score(render, tmp_path, name, record_property):
    answers, settings = VARIED[name]
    project = render(**rows.answers(rows.LEAN | answers))
    process = start(project, tmp_path, *(each for pair in settings.items() for each in pair))
    output, _ = process.communicate(timeout=HANGS)
    assert process.returncode == 0, output
    run = tmp_path / "runs/run"
    lines = json_lines(run / "metrics.jsonl")
    speeds = sorted(x["train/samples_per_s"] for x in lines if "train/samples_per_s" in x)
    status = json.loads((run / "status.json").read_text())
    (peak,) = (line.split()[-1] for line in output.splitlines() if line.startswith("peak MiB"))
    told = f"{name}, {speeds[len(speeds) // 2]:,.0f} samples/s"
    check_reached("image_classification", status["test"])
    score = status["test"][proof("image_classification")["score"]]
    record_property("row", [told, score, status["step"], int(peak)])


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_goes_on_after_a_kill(render, tmp_path, precision):
    """Kernels that sum in any order may differ in the last bits: the score counts."""
    project = render(precision=precision)
    process = start(project, tmp_path)
    last = random.Random(precision).randint(200, 500) // 10 * 10
    for line in process.stdout:
        if line.startswith(f"step {last}/"):
            process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    again = start(project, tmp_path)
    output, _ = again.communicate(timeout=HANGS)
    assert again.returncode == 0, output
    lines = [x for x in json_lines(tmp_path / "runs/run/metrics.jsonl") if "train/loss" in x]
    steps = [line["step"] for line in lines]
    assert steps == sorted(set(steps))
    status = json.loads((tmp_path / "runs/run/status.json").read_text())
    check_reached("image_classification", status["test"])
