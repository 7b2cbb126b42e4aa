"""Write the tables of docs/results.md from what the tests printed: `python docs/results.py LOG`."""

import argparse
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests"))

import rows  # noqa: E402
from test_train import proof  # noqa: E402

NAMES = {
    "diagnosis/accuracy": "accuracy of the diagnosis",
    "mean_iou": "mean IoU",
    "frechet": "Frechet distance",
    "bits_per_byte": "bits per byte",
    "r2": "R2",
}
"""scores that are called otherwise than in the ledger"""
LINE = re.compile(r"^ +([\d.]+) +(-?[\d.]+) +(\d+) +(\d+)  (\S+)$", re.MULTILINE)
"""a row of the table that conftest.py prints: seconds, score, steps, MB, name"""


def tables(log: str) -> str:
    """Return a table for each task, the rows by their score; raise SystemExit if one is missing."""
    told = {name: figures for *figures, name in LINE.findall(log)}
    missing = [name for row in rows.pairs() if (name := rows.name(row)) not in told]
    if missing:
        raise SystemExit(f"{len(missing)} rows are not in the log, such as {missing[0]}")
    lines = []
    for task in rows.choices(rows.questions()["task"]):
        promised = proof(task)
        word = "least" if "least" in promised else "most"
        score = NAMES.get(promised["score"], promised["score"])
        lines += [f"### {task}: {score}, at {word} {promised[word]}", ""]
        lines += ["| score | steps | s | MB | answers |", "|---|---|---|---|---|"]
        mine = [rows.name(row) for row in rows.pairs() if row["task"] == task]
        for name in sorted(mine, key=lambda name: float(told[name][1])):
            seconds, reached, steps, megabytes = told[name]
            answers = ", ".join(word for word in name.split("-") if word != task) or "defaults"
            figures = f"{float(reached):.4f} | {steps} | {float(seconds):.0f} | {megabytes}"
            lines.append(f"| {figures} | {answers} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Put the tables of a log into the page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("log", type=Path, help="what `python -m pytest` printed")
    log = parser.parse_args().log.read_text(encoding="utf-8")
    page = DOCS / "results.md"
    head, rest = page.read_text(encoding="utf-8").split("### ", 1)
    tail = rest[rest.index("## The deep forms") :]
    page.write_text(f"{head}{tables(log)}\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
