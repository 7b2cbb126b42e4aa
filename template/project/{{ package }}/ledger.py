"""The scores of a run in metrics.jsonl, without a gap or a double over all its starts."""

import json
from pathlib import Path


class Ledger:
    """Appends a line per logged step; steps behind `step`, which will come again, are dropped."""

    def __init__(self, run: Path, step: int):
        self.path = run / "metrics.jsonl"
        lines = self.path.read_text().splitlines(keepends=True) if self.path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        beside = self.path.with_suffix(".part")
        beside.write_text("".join(kept))
        beside.replace(self.path)
        self.file = self.path.open("a", buffering=1)

    def log(self, values: dict[str, float], step: int) -> None:
        """Append the values of a step."""
        self.file.write(json.dumps({"step": step} | values) + "\n")

    def close(self) -> None:
        """Close the file."""
        self.file.close()
