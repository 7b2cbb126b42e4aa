"""Tables in Markdown of what was measured."""

import statistics
import textwrap
from typing import Any

from measure import ratio
from workloads import WORKLOADS, Workload

Costs = dict[str, list[dict[str, Any]]]
AGAINST = {"full": "bare, EMA"}


def base_of(name: str, costs: Costs) -> str:
    """Return the name of the row that does the same work by hand in as many processes."""
    if name.startswith("bare"):
        return name
    return AGAINST.get(name, "bare")


def column(rows: list[dict[str, Any]], key: str) -> list[float]:
    """Return one figure of each round."""
    return [row[key] for row in rows]


def race_table(workload: Workload, found: dict[str, Any]) -> str:
    """Return a workload's table; `found` holds its costs and the steps and units of a round."""
    costs, steps, units = found["costs"], found["steps"], found["units"]
    rounds = len(costs["bare"])
    score = "accuracy" if workload.unit == "images" else "loss"
    titles = ("loop", "CPU ms/step", "x CPU (min-max)", "x wall (min-max)", f"{workload.unit}/s")
    few = min(len(rows) for rows in costs.values())
    told = (
        f"{workload.told} {rounds} round{'s' * (rounds > 1)} of {steps} steps, "
        f"evaluated every {steps // workload.epochs}, after one to warm up"
    )
    told += f"; {few} of the rivals." if few < rounds else "."
    lines = [*textwrap.wrap(told, 105), "", "| " + " | ".join((*titles, "RSS MB", score)) + " |"]
    lines.append("|---" * (len(titles) + 2) + "|")
    for name, rows in costs.items():
        base = base_of(name, costs)
        ratios = ["1", "1"]
        if name != base:
            pairs = ([column(costs[e], key) for e in (name, base)] for key in ("cpu", "wall"))
            ratios = [ratio(*pair) for pair in pairs]
        cpu = statistics.median(column(rows, "cpu")) / steps * 1e3
        speed = units / statistics.median(column(rows, "wall"))
        end = f"{rows[-1]['rss']:.0f} | {rows[-1]['scores'][score]:.4f}"
        lines.append(f"| {name} | {cpu:.3g} | {' | '.join(ratios)} | {speed:,.0f} | {end} |")
    return "\n".join(lines) + "\n"


def scaling_table(found: dict[str, Any]) -> str:
    """Return the table of two processes against one."""
    costs, steps = found["costs"], found["steps"]
    lines = [
        "| loop | rounds | wall ms/step | CPU ms/step | x wall of the same loop alone (min-max) "
        "| x CPU of it | accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in costs.items():
        alone = costs[name.partition(",")[0]]
        wall, cpu = (statistics.median(column(rows, key)) / steps * 1e3 for key in ("wall", "cpu"))
        ratios = [ratio(column(rows, k), column(alone, k)) for k in ("wall", "cpu")]
        told = " | ".join(["1", "1"] if rows is alone else ratios)
        score = rows[-1]["scores"]["accuracy"]
        lines.append(f"| {name} | {len(rows)} | {wall:.3g} | {cpu:.3g} | {told} | {score:.4f} |")
    both = [column(costs[f"{name}, 2 processes"], "wall") for name in ("lean", "bare")]
    lines += ["", f"Two processes, lean against bare DDP: x wall {ratio(*both)}."]
    return "\n".join(lines) + "\n"


def find(key: str) -> Workload:
    """Return a workload by its key."""
    return next(each for each in WORKLOADS if each.key == key)
