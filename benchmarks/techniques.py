"""Measure what each technique costs in time per step and in memory: see README.md."""

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from measure import HERE, ratio, render

sys.path.append(str(HERE.parent / "tests"))
import rows

PAGE = HERE.parent / "docs" / "techniques.md"
MARKS = "<!-- costs: written by benchmarks/techniques.py -->\n", "<!-- costs end -->"
STEPS = 30
SKIPPED = 5  # steps at the start, which compile and allocate
QUIET = ("--duration", f"{STEPS} steps", "--schedule.warmup", "0 steps")
QUIET += ("--eval_every", "1000 epochs", "--save_every", "1000 epochs")
LARGE = {"image_classification": ("--data.size", "16", "--model.width", "32")}

# The techniques that do nothing unless told: what is run before, and what they are told.
FIRST = {"distillation": ("--name", "teacher")}
TOLD = {"distillation": ("--distillation.teacher", "runs/teacher")}
# What the start of every process shares, so that a forked one starts at once.
SHARED = ("accelerate", "jsonargparse", "safetensors.torch", "sklearn.datasets", "torch._dynamo")


def find_task(extra: str) -> str:
    """Return the first task that takes a technique, the one with larger settings before all."""
    tasks = sorted(rows.factors()["task"], key=lambda task: task not in LARGE)
    row = rows.lean() | {f"extras/{extra}": True}
    return next(task for task in tasks if rows.allowed(row | {"task": task}))


def train(project: Path, settings: tuple[str, ...]) -> dict[str, float]:
    """Train in a forked process; return the CPU seconds of a step and the KB it took."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(sender, json.dumps(measure(project, settings)).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)  # without what the parent does at its end
    os.close(sender)
    with open(receiver) as file:
        told = file.read()
    _, _, usage = os.wait4(child, 0)
    if not told:
        raise RuntimeError(f"{project.name} failed: {(project / 'output.txt').read_text()[-500:]}")
    found = json.loads(told)
    return {"step": found["step"], "memory": usage.ru_maxrss - found["before"]}


def measure(project: Path, settings: tuple[str, ...]) -> dict[str, float]:
    """Train in this process; return the CPU seconds of a step and the memory before, in KB."""
    os.chdir(project)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.path.insert(0, str(project))
    trainer = importlib.import_module("digits.train")
    follow, times = trainer.follow, []

    def timed(*arguments):
        for group in follow(*arguments):
            times.append(time.process_time())
            yield group

    trainer.follow = timed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trainer.main([*settings, "--resume", "never"])
    step = (times[-1] - times[SKIPPED]) / (len(times) - 1 - SKIPPED)
    return {"step": step, "before": before}


def compare(rounds: int, extras: list[str], folder: Path) -> str:
    """Train lean projects and those with a technique in turn, and return the table."""
    tasks = {extra: find_task(extra) for extra in extras}
    names = [*dict.fromkeys(tasks.values()), *extras]
    runs = {}
    for name in names:
        task, chosen = (tasks[name], [name]) if name in tasks else (name, [])
        project = render(folder / name, task=task, extras=chosen)
        settings = (*QUIET, *LARGE.get(task, ()))
        if name in FIRST:
            train(project, (*settings, *FIRST[name]))
        runs[name] = project, (*settings, *TOLD.get(name, ()), "--name", "run")
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            costs[name].append(train(*runs[name]))
    lines = ["| technique | task | x time per step (min-max) | x memory (min-max) |"]
    lines += ["|---|---|---|---|"]
    for extra, task in tasks.items():
        pairs = [[e[key] for e in costs[x]] for key in ("step", "memory") for x in (extra, task)]
        lines.append(f"| `{extra}` | {task} | {ratio(*pairs[:2])} | {ratio(*pairs[2:])} |")
    for task in dict.fromkeys(tasks.values()):
        step, memory = (statistics.median(e[x] for e in costs[task]) for x in ("step", "memory"))
        lines += ["", f"{task} without any: {step * 1e3:.1f} ms per step, {memory / 1024:.0f} MB."]
    return "\n".join(lines) + "\n"


def put(table: str, page: Path) -> None:
    """Write the table between the marks of a page."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not end:
        raise SystemExit(f"{page} has no {MARKS[0].strip()} and {MARKS[1]} to write between")
    page.write_text(f"{before}{mark}\n{table}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Measure the techniques of copier.yml, and print their costs as a table in Markdown."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="some techniques; default: all")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    parser.add_argument("--tuned", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.tuned:  # the allocator reads what measure.py sets only where a process starts
        sys.exit(subprocess.run([sys.executable, __file__, "--tuned", *sys.argv[1:]]).returncode)
    for name in SHARED:
        importlib.import_module(name)
    every = [*rows.choices(rows.questions()["extras"])]
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(Path(temporary) / "inductor")
        table = compare(given.rounds, given.only or every, Path(temporary))
    print(table)
    if given.write:
        put(table, PAGE)


if __name__ == "__main__":
    main()
