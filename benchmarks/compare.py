"""Measure what training with a rendered project costs beside its rivals: see README.md."""

import argparse
import datetime
import json
import os
import platform
import string
import subprocess
import tempfile
import textwrap
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

GPUS = os.environ.get("CUDA_VISIBLE_DEVICES")  # which measure hides

from measure import HERE, Peer, race, resolve  # noqa: E402
from starts import measure_starts, starts_table  # noqa: E402
from tables import find, race_table, scaling_table  # noqa: E402
from targets import target_table  # noqa: E402
from workloads import ALL, OWN, WORKLOADS, Workload, make_images, make_peers  # noqa: E402

DOCS = HERE.parent / "docs"
PACKAGES = ("torch", "accelerate", "lightning", "pytorch-ignite", "transformers", "torchmetrics")
PACKAGES += ("hydra-core", "tensorboard", "numpy", "scikit-learn", "jsonargparse", "copier")
PARTS = (*(each.key for each in WORKLOADS), "scaling", "starts", "gpu")


def measure_race(workload: Workload, folder: Path, quick: bool) -> dict[str, Any]:
    """Return the costs of a workload's rounds, and how many steps and units a round has."""
    settings = list(workload.settings)
    if workload.key == "folder":
        settings += ["--data.root", str(make_images(folder / "images"))]
    peers = make_peers(workload, folder)
    rounds, more = (2, 0) if quick else (workload.rounds, workload.more)
    costs = race(peers, rounds, workload.epochs, settings, more=more, staying=OWN)
    plan = resolve(
        peers[0].project, ["--duration", f"{(rounds + more) * workload.epochs} epochs", *settings]
    )
    size = plan["data"]["block"] if workload.unit == "bytes" else 1
    units = plan["examples"] * size * workload.epochs
    return {"costs": costs, "steps": plan["epoch"] * workload.epochs, "units": units}


def measure_scaling(folder: Path, quick: bool) -> dict[str, Any]:
    """Return the costs of one process and of two, with the same batch over all of them."""
    workload = find("resnet")
    lean = make_peers(workload._replace(peers=("bare", "lean")), folder)[0].project
    half = ("--data.batch_size", "32")
    peers = [
        Peer("bare", "bare", lean, "bare"),
        Peer("lean", "template", lean, "bare"),
        Peer("bare, 2 processes", "bare", lean, "bare", (), 2),
        Peer("lean, 2 processes", "template", lean, "bare", half, 2),
    ]
    rounds, more = (2, 0) if quick else (workload.rounds - 1, 9)
    staying = tuple(peer.name for peer in peers if peer.processes == 2)
    settings = list(workload.settings)
    costs = race(peers, rounds, workload.epochs, settings, more=more, staying=staying)
    plan = resolve(lean, settings)
    return {"costs": costs, "steps": plan["epoch"] * workload.epochs}


def measure_all(parts: list[str], quick: bool) -> dict[str, Any]:
    """Measure the parts, one after another; print each as it is done."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for part in parts:
            folder, begin = Path(temporary) / part, time.perf_counter()
            folder.mkdir()
            if part == "scaling":
                results[part] = measure_scaling(folder, quick)
            elif part == "starts":
                workload = find("mlp")
                loops = tuple(name for name in ALL if name not in ("bare, EMA", "full"))
                peers = make_peers(workload._replace(peers=loops), folder)
                settings = list(workload.settings)
                results[part] = measure_starts(peers, settings, folder, 1 if quick else 3)
            elif part == "gpu":
                from gpu import measure_gpu

                if not (found := measure_gpu(folder, quick, GPUS)):
                    continue
                results[part] = found
            else:
                results[part] = measure_race(find(part), folder, quick)
            print(f"\n### {part}: {time.perf_counter() - begin:.0f} s\n", flush=True)
            print(table(part, results[part]), flush=True)
    return results


def table(part: str, found: Any) -> str:
    """Return what was found of a part as Markdown."""
    if part == "scaling":
        return scaling_table(found)
    if part == "starts":
        return starts_table(found)
    if part == "gpu":
        from gpu import gpu_tables

        return gpu_tables(found)
    return race_table(find(part), found)


def describe(quick: bool) -> dict[str, str]:
    """Return when, of what and on which machine was measured."""
    git = ("git", "describe", "--always", "--dirty")
    commit = subprocess.run(git, cwd=HERE, capture_output=True, text=True).stdout.strip()
    versions = f"Python {platform.python_version()}, "
    versions += ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = f"load {os.getloadavg()[0]:.1f} before"
    return {
        "date": str(datetime.date.today()),
        "commit": commit,
        "trial": "**A trial with few rounds, which measures nothing.**\n\n" if quick else "",
        "machine": f"{os.cpu_count()} cores ({platform.machine()}) with {load}",
        "versions": textwrap.fill(versions, 105),
    }


def write_page(results: dict[str, Any], facts: dict[str, str], docs: Path) -> None:
    """Write the page and its chart."""
    from chart import draw

    parts = {part: table(part, results[part]) for part in PARTS if part in results}
    absent = {part: "Not measured in this run.\n" for part in PARTS if part not in parts}
    if "gpu" in absent:
        absent["gpu"] = "Not measured: no GPU was at hand, or the part was left out.\n"
    words = facts | absent | parts | {"targets": target_table(results)}
    words |= {f"{each.key}_title": each.title for each in WORKLOADS}
    page = string.Template((HERE / "page.md").read_text(encoding="utf-8"))
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "performance.md").write_text(page.substitute(words), encoding="utf-8")
    draw(results, docs / "pictures" / "performance.svg")


def main() -> None:
    """Render the projects, measure, print tables, and write docs/performance.md."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some parts; default: all")
    parser.add_argument("--docs", type=Path, help="where to write the page; default: docs/ if all")
    parser.add_argument("--figures", type=Path, help="file of figures: read, or else written")
    given = parser.parse_args()
    docs = given.docs or (None if given.quick or given.only else DOCS)
    if given.figures and given.figures.exists():
        found = json.loads(given.figures.read_text())
    else:
        begin, facts = time.perf_counter(), describe(given.quick)
        results = measure_all(given.only or [*PARTS], given.quick)
        minutes = (time.perf_counter() - begin) / 60
        facts |= {"minutes": f"{minutes:.1f}", "load": f"{os.getloadavg()[0]:.1f}"}
        found = {"facts": facts, "results": results}
        if given.figures:
            given.figures.write_text(json.dumps(found))
    print(target_table(found["results"]))
    if docs:
        write_page(found["results"], found["facts"], docs)


if __name__ == "__main__":
    main()
