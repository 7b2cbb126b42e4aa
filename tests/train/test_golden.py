"""The golden figures: the seeded curve and score of each task, which change only on purpose.

`PYTHONPATH=tests python tests/train/test_golden.py [TASK ...]` trains on each of `PROCESSORS` and
writes them anew, of all tasks if none is named, and how far they are apart into
docs/reliability.md.
"""

import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import rows
from drills import LINE, Nursery, json_lines
from processors import PROCESSORS
from proofs import PYTHON, proof

pytestmark = [pytest.mark.slow]

GOLDEN = rows.COPIER.parent / "tests/golden"
DOCS = rows.COPIER.parent / "docs/reliability.md"
TASKS = list(rows.choices(rows.questions()["task"]))
PRECISIONS = ("fp32", "bf16")
"""fp16 needs a GPU"""
EARLY, LINES = 40, 25
"""steps whose losses are compared one by one, every fifth, and lines of a ledger that hold them"""
AGREE = {"fp32": 0.01, "bf16": 0.03}
"""how far the processors of the file may be apart in a step that is compared, or in one before: as
a share of the largest loss so far, for a GAN's goes through 0. Each step makes more of the last of
24 or of 8 bits, in which they round otherwise."""
TIMES = 3
"""how much further one that isn't in the file may lie outside of those that are"""
ROUNDED = {"fp32": 1e-3, "bf16": 1e-2}
"""and what other releases of torch may add, as a share of the largest loss so far; another
arithmetic, other initial weights or another order of the data show in the first steps"""
SCORE = 0.012
"""what a best score may lie outside: four of 360 examples, where it is a share of them"""
EXTRAS = {"image_classification": ["augment"]}
"""what the figures were made with"""
CASES = [
    pytest.param(task, precision, marks=[pytest.mark.deep] if precision != "fp32" else [])
    for task in TASKS
    for precision in PRECISIONS
]


def figures(
    nursery: Nursery, project: Path, folder: Path, precision: str, whole: bool = True
) -> dict:
    """Give the early losses of a run with a task's defaults and, of a whole one, its best score."""
    settings = ["--name", "run", "--log_every", "5 steps", "--precision", precision]
    kills = {} if whole else {0: (LINE, LINES)}
    life = nursery.live(project, folder, "train", *settings, kills=kills)
    assert life.codes == [0 if whole else -9], life.output
    run = folder / "here/runs/run"
    lines = [line for line in json_lines(run / "metrics.jsonl") if line["step"] <= EARLY]
    told = {line["step"]: line["train/loss"] for line in lines if "train/loss" in line}
    found = {"losses": {str(step): loss for step, loss in told.items() if step % 5 == 0}}
    if whole:
        found["best"] = json.loads((run / "status.json").read_text())["best"]
    return found


def golden(task: str, precision: str) -> dict[str, dict]:
    """Give a task's figures by processor."""
    return json.loads((GOLDEN / f"{task}.json").read_text())[precision]


def apart(known: dict[str, dict]) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield each early step with the lowest loss, the highest, and how far they were apart so far.

    That is a share of the largest loss so far, which comes last.
    """
    widest = largest = 0.0
    for step in next(iter(known.values()))["losses"]:
        losses = [each["losses"][step] for each in known.values()]
        widest = max(widest, max(losses) - min(losses))
        largest = max(largest, *map(abs, losses))
        yield step, min(losses), max(losses), widest / largest, largest


def bounds(known: dict[str, dict], precision: str) -> dict[str, tuple[float, float]]:
    """Give what the loss of each step that can be compared has to lie between."""
    found = {}
    for step, low, high, share, largest in apart(known):
        if share <= AGREE[precision]:
            far = (TIMES * share + ROUNDED[precision]) * largest
            found[step] = low - far, high + far
    return found


@pytest.mark.parametrize(("task", "precision"), CASES)
def test_figures_are_the_golden_ones(render, nursery, tmp_path, task, precision):
    promised = proof(task)
    if promised.get("python", PYTHON) != PYTHON:
        pytest.skip(f"what it reads is another text in Python {PYTHON}")
    known = golden(task, precision)
    found = figures(nursery, render(task=task, extras=EXTRAS.get(task, [])), tmp_path, precision)
    between = bounds(known, precision)
    assert len(between) >= 3
    for step, (low, high) in between.items():
        assert low <= found["losses"][step] <= high, f"step {step}: {found} {known}"
    score, far = promised["score"], promised.get("golden", SCORE)
    best = [each["best"][score] for each in known.values() if "best" in each]
    assert min(best) - far <= found["best"][score] <= max(best) + far


def test_another_arithmetic_is_told_apart():
    """What is caught where processors agree most, and let pass where they don't agree."""
    losses = [{"5": 2.0, "10": 1.0, "15": 0.5}, {"5": 2.0, "10": 1.01, "15": 0.6}]
    between = bounds({str(n): {"losses": each} for n, each in enumerate(losses)}, "fp32")
    assert between["5"] == pytest.approx((1.998, 2.002))
    assert between["10"] == pytest.approx((0.968, 1.042))
    assert "15" not in between


def table() -> str:
    """Give how far the processors are apart in each task, as rows of Markdown."""
    lines = []
    for task, precision in itertools.product(TASKS, PRECISIONS):
        known = golden(task, precision)
        shares = {step: share for step, _, _, share, _ in apart(known)}
        cells = [task, precision, *(f"{shares[step]:.0e}" for step in ("10", "20", "30", "40"))]
        cells.append([*bounds(known, precision)][-1])
        score = proof(task)["score"]
        best = [each["best"][score] for each in known.values() if "best" in each]
        cells.append(f"{score} {min(best):.3f} to {max(best):.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


BLOCK = re.compile(r"(?<=\|---\|\n)(?:\| \w+ \| (?:fp32|bf16) \|.*\n?)+")


def test_docs_tell_how_far_processors_are_apart():
    assert BLOCK.search(DOCS.read_text())[0].strip() == table()


def main() -> None:
    """Write the figures of all tasks anew, on a processor with AVX-512."""
    template = rows.COPIER.parent
    with tempfile.TemporaryDirectory() as place:
        nurseries = {}
        for task in sys.argv[1:] or TASKS:
            project = Path(place) / task
            copy = ["-m", "copier", "copy", "-q", "--defaults", "-r", "HEAD", "-d", f"task={task}"]
            copy += ["-d", f"extras={json.dumps(EXTRAS.get(task, []))}"]
            subprocess.run([sys.executable, *copy, str(template), str(project)], check=True)
            found = {precision: {} for precision in PRECISIONS}
            for (name, told), precision in itertools.product(PROCESSORS.items(), PRECISIONS):
                if (name, precision) != ("AMX", "fp32"):  # which is for less precise numbers
                    if name not in nurseries:
                        nurseries[name] = Nursery(project, told)
                    folder = Path(place) / f"{task}-{name}-{precision}"
                    whole = precision == "fp32" or name == "AMX"  # bf16 is slow on the older ones
                    found[precision][name] = figures(
                        nurseries[name], project, folder, precision, whole
                    )
            (GOLDEN / f"{task}.json").write_text(json.dumps(found, indent=2) + "\n")
        for nursery in nurseries.values():
            nursery.close()
    DOCS.write_text(BLOCK.sub(lambda _: f"{table()}\n", DOCS.read_text()))


if __name__ == "__main__":
    main()
