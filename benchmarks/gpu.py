"""The same comparison on a GPU, if there is one: speed, share of its peak, memory, formats."""

import itertools
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from measure import HERE, Peer, race, ratio, resolve
from tables import base_of, column
from workloads import KEEP, ONCE, Workload, make_peers

# Dense products of bfloat16 in FLOP/s, as the vendor states them.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12}
PEAKS |= {"A10": 125e12, "T4": 65e12, "4090": 165e12, "3090": 71e12}

IMAGES = {"--data.size": "32", "--data.channels": "3", "--data.batch_size": "256"}
TEXT = {"--eval_every": "1 epoch", "--data.block": "256", "--data.batch_size": "32"}
TEXT |= {"--model.width": "512", "--model.layers": "8", "--model.heads": "8", "--optim.lr": "1e-3"}
LOW = ("--precision", "bf16")

WORKLOADS = (
    Workload(
        "image",
        "Residual network on 3 x 32 x 32, bf16",
        "The shipped network at width 64 on the digits in 3 x 32 x 32, batch 256.",
        (*ONCE, *LOW, "--model.width", "64", *itertools.chain(*IMAGES.items())),
        epochs=20,
        rounds=5,
    ),
    Workload(
        "text",
        "GPT of 25 million parameters, bf16",
        "8 layers of width 512 on blocks of 256 bytes of Python's reference, batch 32.",
        (*KEEP, *LOW, *itertools.chain(*TEXT.items())),
        epochs=3,
        rounds=5,
        task="text_generation",
        unit="bytes",
    ),
)


def find_gpu(environment: dict[str, str | None]) -> str:
    """Return the GPU's name, or nothing if there is none."""
    code = "import torch as t; print(t.cuda.get_device_name() if t.cuda.is_available() else '')"
    given = {k: v for k, v in {**os.environ, **environment}.items() if v is not None}
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True)
    return done.stdout.strip()


def count_flops(peer: Peer, settings: list[str], folder: Path) -> float:
    """Return the FLOPs of training on one example."""
    plan = folder / "flops.json"
    plan.write_text(json.dumps(resolve(peer.project, settings)))
    command = [sys.executable, HERE / "flops.py", peer.project, plan]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure_gpu(folder: Path, quick: bool, visible: str | None) -> dict[str, Any] | None:
    """Return what was found, None without a GPU; `visible` is CUDA_VISIBLE_DEVICES as it was."""
    environment = {"CUDA_VISIBLE_DEVICES": visible}
    if not (name := find_gpu(environment)):
        print("\nNo GPU: that part is left out.", flush=True)
        return None
    found: dict[str, Any] = {"device": name}
    for workload in WORKLOADS:
        place, settings = folder / workload.key, list(workload.settings)
        peers, rounds = make_peers(workload, place), 2 if quick else workload.rounds
        costs = race(peers, rounds, workload.epochs, settings, environment)
        lean = next(peer for peer in peers if peer.name == "lean")
        formats = ("fp32", "fp16", "bf16")
        rows = [lean._replace(name=f, settings=("--precision", f)) for f in formats]
        plan = resolve(lean.project, settings)
        size = plan["data"]["block"] if workload.unit == "bytes" else 1
        found[workload.key] = {
            "costs": costs,
            "formats": race(rows, rounds, workload.epochs, settings, environment),
            "units": plan["examples"] * size * workload.epochs,
            "flops": count_flops(lean, settings, place) * plan["examples"] * workload.epochs,
        }
    return found


def gpu_tables(found: dict[str, Any]) -> str:
    """Return the tables of all workloads."""
    peak = next((value for key, value in PEAKS.items() if key in found["device"]), None)
    lines = [f"Measured on one {found['device']}. MFU counts training's FLOPs alone, against the "]
    lines[0] += "peak of dense bf16; evaluations are in the time. Wall time is the figure to read."
    for workload in WORKLOADS:
        lines += ["", f"**{workload.title}.** {workload.told}", ""]
        titles = ("loop", "x wall (min-max)", f"{workload.unit}/s", "MFU", "GPU MB", "eval loss")
        each = found[workload.key]
        lines += row_lines(titles, each["costs"], each, peak, base_of)
        lines += ["", "Lean, by number format:", ""]
        lines += row_lines(("format", *titles[1:]), each["formats"], each, peak, first)
    return "\n".join(lines) + "\n"


def first(name: str, costs: dict[str, Any]) -> str:
    """Return the first row's name."""
    return next(iter(costs))


def row_lines(titles: tuple[str, ...], costs: Any, each: Any, peak: float | None, base: Any):
    """Return the lines of one table."""
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for name, rows in costs.items():
        other = base(name, costs)
        wall = statistics.median(column(rows, "wall"))
        share = "1" if other == name else ratio(column(rows, "wall"), column(costs[other], "wall"))
        used = f"{each['flops'] / wall / peak:.1%}" if peak else ""
        speed, memory = f"{each['units'] / wall:,.0f}", f"{rows[-1]['gpu']:,.0f}"
        loss = f"{rows[-1]['scores']['loss']:.4f}"
        lines.append(f"| {name} | {share} | {speed} | {used} | {memory} | {loss} |")
    return lines
