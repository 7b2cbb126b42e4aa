"""Data of one's own for this task, as the commands of a project's README name it."""

import csv
from pathlib import Path

from sklearn.datasets import load_breast_cancer


def write(folder: Path) -> dict[str, Path]:
    """Write a table, and give what each word of the README stands for."""
    data = load_breast_cancer()
    table = folder / "table" / "train.csv"
    table.parent.mkdir()
    with table.open("w", newline="") as file:
        rows = zip(data.data[:300, :21], data.target_names[data.target[:300]], strict=True)
        head = [*data.feature_names[:21], "diagnosis"]  # the last of these is the worst radius
        csv.writer(file).writerows([head, *([*row, name] for row, name in rows)])
    return {"FILE": table, "NAME_OR_PATH": table.parent}
