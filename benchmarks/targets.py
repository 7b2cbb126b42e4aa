"""What the loop is to cost at most, beside what it was found to, and why where it is more."""

import statistics
import textwrap
from typing import Any

from measure import spread
from starts import BASE, median
from tables import base_of, column

REASONS = {
    "mlp": "A step of the tiny network takes less than a millisecond by hand. What lean adds to "
    "it, by a profile of its parts: an evaluation that reads its batches anew, sums scores per "
    "example and counts which class is taken for which (a third, half of it reading); the scores "
    "of each example in each step, not only in those that are logged (a tenth); reading, for each "
    "row has a key that its draws come from, and a pass is laid out so that it can be entered "
    "anywhere; a reseed per step, torch's scheduler, what is logged, and the check for a signal "
    "(about ten microseconds each). Full's average is one kernel per step, as by hand. Batches of "
    "an evaluation could be kept, as bare does; then a model that changes one in place would "
    "spoil all later evaluations without a word.",
    "resnet": "On this network the loop's fixed cost is small beside the step. What is left over "
    "1.00 is what bare leaves out: padding the ragged last batch, the scores of each example, "
    "their tally in evaluations, checkpoints with fsync.",
    "gpt": "On this network the loop's fixed cost is small beside the step. What is left over "
    "1.00 is what bare leaves out: losses per example instead of one mean, the sums of the "
    "evaluation for each place in the block, checkpoints with fsync.",
    "memory": "The peak is that of the process, libraries included: Accelerate and the settings' "
    "parser are in it, which bare doesn't import.",
    "start": "Whoever builds an optimizer of torch 2.13 imports torch._dynamo, a second of CPU "
    "time and as long as torch itself; so does bare. A project imports Accelerate, its "
    "settings' parser and safetensors besides (0.15 s), reads its settings (0.05 s), "
    "writes down the versions of all that is installed (0.08 s), and tries an evaluation "
    "before the first step.",
    "help": "`--help` imports torch, because the settings' sections stand beside the code they "
    "configure, and that code imports torch.",
}


def race_target(key: str, name: str, limit: float, noise: bool, results: dict[str, Any]):
    """Return a ratio of CPU time, and whether it is small enough; with noise, that of a round."""
    costs = results[key]["costs"]
    pair = (column(costs[each], "cpu") for each in (name, base_of(name, costs)))
    middle, least, largest = spread(*pair)
    reached = middle <= limit or (noise and least <= limit)
    told = ", within the spread" if reached and middle > limit else ""
    return f"**{middle:.2f}** ({least:.2f}-{largest:.2f}){told}", reached


def memory_target(results: dict[str, Any]) -> tuple[str, bool]:
    """Return the largest ratio of lean's peak to bare's, and whether it is small enough."""
    ratios = {}
    for key, found in results.items():
        if "lean" in (costs := found.get("costs", {})) and key != "scaling":
            ratios[key] = costs["lean"][-1]["rss"] / costs["bare"][-1]["rss"]
    most = max(ratios, key=ratios.get)
    return f"**{ratios[most]:.2f}** ({most})", ratios[most] <= 1.05


def start_target(results: dict[str, Any]) -> tuple[str, bool]:
    """Return lean's cold start as a multiple of importing torch and the data."""
    times = results["starts"]
    lean, bare = (median(times[f"{name}: first step"]) for name in ("lean", "bare"))
    share = lean / median(times[BASE])
    return f"**{share:.2f}** (bare: {bare / median(times[BASE]):.2f})", share <= 1.2


def help_target(results: dict[str, Any]) -> tuple[str, bool]:
    """Return the seconds until the project has told its settings."""
    seconds = statistics.median(wall for _, wall in results["starts"]["lean: --help"])
    return f"**{seconds:.2f} s**", seconds < 0.5


def target_table(results: dict[str, Any]) -> str:
    """Return the targets with what was found, and a paragraph on each that was missed."""
    rows = []
    for key, name, limit, told in (
        ("mlp", "lean", 1.10, "tiny network, lean against bare: at most 1.10"),
        ("mlp", "full", 1.10, "tiny network, full against bare with EMA: at most 1.10"),
        ("resnet", "lean", 1.00, "residual network, lean: at most 1.00 within the spread"),
        ("gpt", "lean", 1.00, "small GPT, lean: at most 1.00 within the spread"),
    ):
        if key in results:
            rows.append((key, told, *race_target(key, name, limit, key != "mlp", results)))
    if any("costs" in found for part, found in results.items() if part != "scaling"):
        told = "peak memory, lean against bare, the worst workload: at most 1.05"
        rows.append(("memory", told, *memory_target(results)))
    if "starts" in results:
        told = "cold start, lean: at most 1.2 of importing torch and the data"
        rows.append(("start", told, *start_target(results)))
        rows.append(("help", "`train --help`: less than 0.5 s", *help_target(results)))
    if not rows:
        return ""
    lines = ["| target | measured | |", "|---|---|---|"]
    lines += [f"| {t} | {m} | {'reached' if r else '**not reached**'} |" for _, t, m, r in rows]
    missed = dict.fromkeys(key for key, _, _, reached in rows if not reached)
    lines += ["", "What is not at its target, and why:" if missed else "All are reached.", ""]
    for key in missed:
        lines += textwrap.wrap(f"- *{key}*: {REASONS[key]}", 105, subsequent_indent="  ")
    return "\n".join(lines) + "\n"
