"""The drills on each task: killed anywhere, spread in any way, it comes out the same.

The other drills look closer, at image classification.
"""

import json
import random
import re

import pytest
import rows
from drills import differences, json_lines
from proofs import arguments, known, proof

pytestmark = [pytest.mark.drill, pytest.mark.slow]

TASKS = [task for task in rows.choices(rows.questions()["task"]) if task != rows.LEAN["task"]]
STEPS = 30
SETTINGS = {
    "name": "run",
    "duration": f"{STEPS} steps",
    "log_every": "1 step",
    "eval_every": "11 steps",
    "save_every": "7 steps",
    "schedule.warmup": "5 steps",
}
LAYOUTS = {"one": (1, 1, 4), "two": (2, 1, 2), "accumulated": (1, 4, 1), "both": (2, 2, 1)}
"""processes, micro-batches and, in units of 10, the size of a batch"""
SMOOTH = ("step", "loss", "grad_norm", "lr")
FILES = ("step.py", "evaluate.py", "checkpoint.py")
KILLS = [(1, 1), *(pytest.param(n, 3, marks=pytest.mark.deep) for n in (1, 2))]
"""processes, and how often they are killed: each time in another of the files"""


def everything(task: str) -> dict:
    """Give a task's row with each technique that goes with the others, but the slow compiler."""
    row = rows.LEAN | {"task": task, "early_stopping": True, "sources/folder": True}
    for factor in rows.factors():
        if factor.startswith("extras/") and factor != "extras/compile":
            on = row | {factor: True}
            row = on if rows.allowed(on) else row
    return row


def test_docs_promise_what_is_proven():
    text = (rows.COPIER.parent / "docs/tasks.md").read_text()
    promises = re.findall(r"^\| `(\w+)` \|.*?\|.*?\|.*?([\d.]+)[^|\d]*\|", text, re.MULTILINE)
    proven = {task: proof(task) for task in rows.choices(rows.questions()["task"])}
    bounds = {task: told.get("least", told.get("most")) for task, told in proven.items()}
    assert {task: float(promised) for task, promised in promises} == bounds


@pytest.mark.parametrize(("processes", "count"), KILLS)
@pytest.mark.parametrize("task", TASKS)
def test_goes_on_to_the_same_end(render, nursery, teacher, tmp_path, drill, task, processes, count):
    with drill("task: kill") as seen:
        answers = rows.answers(everything(task))
        project = render(**answers)
        given = [*known(project)["SMALL"], *arguments(SETTINGS), "--data.workers", "1"]
        if "distillation" in answers["extras"]:
            given += ["--distillation.teacher", str(teacher(task, *given))]
        whole = nursery.live(
            project, tmp_path / "whole", "train", *given, processes=processes, watched=True
        )
        assert not any(whole.codes), whole.output
        draw = random.Random(f"{task} {processes}")
        first = TASKS.index(task)
        for file in [FILES[(first + number) % len(FILES)] for number in range(count)]:
            there = [events.get(file, (0, 0)) for events in whole.events]
            rank = draw.choice([rank for rank, (before, last) in enumerate(there) if before < last])
            kills = {rank: (file, draw.randint(there[rank][0] + 1, there[rank][1]))}
            life = nursery.live(
                project, tmp_path / "killed", "train", *given, processes=processes, kills=kills
            )
            seen["kills"] += any(life.codes)
        life = nursery.live(project, tmp_path / "killed", "train", *given, processes=processes)
        assert not any(life.codes), life.output
        assert seen["kills"]
        runs = (tmp_path / name / "here/runs/run" for name in ("whole", "killed"))
        assert not [x for x in differences(*runs) if not x.startswith("manifest.json")]


@pytest.mark.parametrize(
    "layouts", [("one", "both"), pytest.param(tuple(LAYOUTS), marks=pytest.mark.deep)], ids=len
)
@pytest.mark.parametrize("task", TASKS)
def test_same_curve_and_scores_however_it_is_spread(
    render, nursery, tmp_path, drill, task, layouts
):
    with drill("task: scale and evaluation"):
        project = render(task=task)
        task = known(project)
        curves, scores = [], []
        for layout in layouts:
            processes, accumulate, batch = LAYOUTS[layout]
            # A small learning rate, or the differences in rounding would grow with every step.
            settings = SETTINGS | {"optim.lr": "1e-4", "optim.accumulate": str(accumulate)}
            settings |= {"data.batch_size": str(10 * batch)}
            given = [*task["SMALL"], *task["PLAIN"], *arguments(settings)]
            folder = tmp_path / layout
            life = nursery.live(project, folder, "train", *given, processes=processes)
            assert not any(life.codes), life.output
            curves.append(json_lines(folder / "here/runs/run/metrics.jsonl"))
            life = nursery.live(
                project, tmp_path / "one", "evaluate", "--run", "runs/run", processes=processes
            )
            scores.append(json.loads(life.output.splitlines()[-1]))
        for curve in curves[1:]:
            for mine, its in zip(curves[0], curve, strict=True):
                for name in [name for name in mine if "samples_per_s" not in name]:
                    # What is counted may be another one for single samples.
                    close = 1e-6 if name.endswith(SMOOTH) else 0.01
                    far = 5e-3 if name.endswith("grad_norm") else 5e-4
                    assert its[name] == pytest.approx(mine[name], rel=far, abs=close), name
        best = json.loads((tmp_path / "one/here/runs/run/status.json").read_text())["best"]
        for told in scores:
            assert [told[name] for name in best] == pytest.approx(list(best.values()), rel=1e-4)
