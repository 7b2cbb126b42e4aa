"""A page on runs, as a command: their curves, what they were made of, and what stands out."""

# PYTHON_ARGCOMPLETE_OK
from ..config import Config, check_arguments, parse_arguments
from ..settings.report import Report

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Report)

import io
import json
import os
import shlex
from collections.abc import Iterable
from html import escape
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from matplotlib import rc_context
from matplotlib.figure import Figure

from ..core.device import finish, start
from ..core.errors import UserError, run_command
from ..core.run_folder import read_state
from ..core.settings import flatten, pair
from ..data import build_loaders
from ..evaluate import measure
from ..model import report
from ..trained import load_model
from .curves import Curve, diagnose, read_curves

READABLE = 20
"""classes up to which a matrix of confusions has names and counts"""
FACTS = ["command", "git.commit", "edited", "platform", "device", "processes", "packages.torch"]
"""what is told of that which a run was made of"""
STYLE = """body { font: 15px sans-serif } table { border-collapse: collapse; margin: 1em 0 }
td { border: 1px solid #ccc; padding: 0.2em 0.6em } tr:first-child { font-weight: bold }"""


def read_facts(run: Path) -> dict[str, Any]:
    """Return how the run ended and what it was made of."""
    made = flatten(json.loads((run / "manifest.json").read_text()))
    made["edited"] = bool(made["git.diff"])
    made["command"] = shlex.join(made["command"])
    ended = flatten(json.loads((run / "status.json").read_text()))
    return ended | {"state": read_state(run)} | {n: made[n] for n in FACTS}


def draw(name: str, runs: dict[str, dict[str, Curve]]) -> str:
    """Return a figure of a score, of training and evaluation, in all runs."""
    axes = Figure(figsize=(6, 3.5), layout="constrained").subplots()
    for number, (run, curves) in enumerate(runs.items()):
        for kind, style in (("train", ":"), ("eval", ".-")):
            if curve := curves.get(f"{kind}/{name}"):
                words = {"label": f"{run} {kind}", "gid": f"{run} {kind}/{name}"}
                axes.plot(*zip(*curve, strict=True), style, color=f"C{number}", **words)
    axes.set(title=name, xlabel="step")
    axes.legend(fontsize="small")
    return to_svg(axes.figure)


def draw_confusion(counts: list[list[int]], classes: list[str]) -> str:
    """Return a figure of how many of each class, a row, are taken for which."""
    axes = Figure(figsize=(8, 8), layout="constrained").subplots()
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(title="counts, coloured by their share of the row", xlabel="predicted", ylabel="true")
    shown = classes if len(classes) <= READABLE else []
    axes.set_xticks(range(len(shown)), shown, rotation=90)
    axes.set_yticks(range(len(shown)), shown)
    for i, j in product(range(len(shown)), repeat=2):
        color = "white" if shares[i][j] > 0.5 else "black"
        axes.text(j, i, counts[i][j], ha="center", va="center", size="small", color=color)
    return to_svg(axes.figure)


def to_svg(figure: Figure) -> str:
    """Return a figure as an element of a page, the same for the same figure."""
    text, none = io.StringIO(), dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(text, format="svg", metadata=none)
    return text.getvalue()[text.getvalue().index("<svg") :]


def table(rows: Iterable[Iterable[Any]]) -> str:
    """Return a table whose first row is its head."""
    texts = [[f"{v:.4g}" if isinstance(v, float) else f"{v}" for v in row] for row in rows]
    lines = ("".join(f"<td>{escape(text)}</td>" for text in row) for row in texts)
    return "<table>" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table>\n"


def side_by_side(columns: dict[str, dict[str, Any]]) -> list[list[Any]]:
    """Return the columns' names, then a row for each key of one of them."""
    keys = dict.fromkeys(key for column in columns.values() for key in column)
    return [["", *columns], *([key, *(c.get(key, "") for c in columns.values())] for key in keys)]


def evaluate_best(run: Path, cfg: Config) -> dict[str, Any]:
    """Return what the evaluate command tells of a run's best weights."""
    accelerator = start(cfg.precision)
    model, spec = load_model(run, "best", cfg)
    loader = build_loaders(cfg.data, cfg.seed)[0]["evaluation"]
    scores, totals = measure(accelerator, accelerator.prepare(model), loader.groups())
    finish(accelerator)
    return scores | report(totals, spec)


def tell_evaluation(told: dict[str, Any]) -> str:
    """Return what the evaluate command tells, as a table and, of confusions, a figure."""
    values = {key: value for key, value in flatten(told).items() if not isinstance(value, list)}
    figure = draw_confusion(told["confusion"], list(told["classes"])) if "confusion" in told else ""
    absent = "<p>None: no example and no prediction of the class, which counts in no mean.</p>"
    note = absent if None in values.values() else ""
    return table(side_by_side({"value": values})) + note + figure


def make_page(curves: dict[str, dict[str, Curve]], notes: dict[str, list[str]], last: str) -> str:
    """Return the page on runs by name, of which `last` stands at its end.

    Scores of a layer or a target, which have a slash, come behind the others.
    """
    scores = dict.fromkeys(name.partition("/")[2] for names in curves.values() for name in names)
    settings = {run: yaml.safe_load(Path(run, "config.yaml").read_text()) for run in curves}
    head, *rows = side_by_side({run: flatten(values) for run, values in settings.items()})
    differ = [row for row in rows if any(value != row[1] for value in row[2:])]
    said = (f"{run}: {text}" for run, texts in notes.items() for text in texts)
    parts = {
        "What stands out": "".join(f"<p>{escape(sentence)}</p>" for sentence in said),
        "How they ended": table(side_by_side({run: read_facts(Path(run)) for run in curves})),
        "Settings that differ": table([head, *differ]) if differ else "",
        "Curves": "".join(draw(name, curves) for name in sorted(scores, key=lambda x: "/" in x)),
        "Evaluation of the best weights": last,
    }
    body = "".join(f"<h2>{title}</h2>\n{part}" for title, part in parts.items() if part)
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><style>{STYLE}</style>\n{body}'


def main(argv: list[str]) -> None:
    """Write a page on a run, or on several side by side, into the first one's folder."""
    given, cfg = parse_arguments(Report, argv)
    changes = [key for key in pair(argv, {"evaluate"}) if key not in vars(given)]
    if changes and not given.evaluate:
        raise UserError(f"--{changes[0]}: only with --evaluate does a setting change anything")
    told, first = "", given.run[0]
    if given.evaluate:
        told = tell_evaluation(evaluate_best(first, cfg))
    if os.environ.get("RANK", "0") == "0":
        curves = {str(run): read_curves(run) for run in given.run}
        notes = {run: [*diagnose(mine)] for run, mine in curves.items()}
        page = first / "report" / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.with_suffix(".part").write_text(make_page(curves, notes, told))
        page.with_suffix(".part").replace(page)
        print(json.dumps({"page": str(page), "notes": notes}))


if __name__ == "__main__":
    run_command(main)
