"""The scores of a run in metrics.jsonl, without a gap or a double over all its starts."""

import json
import math
from pathlib import Path

from .files import written_whole


class Ledger:
    """Appends a line per logged step; those behind `step`, which will come again, are dropped.

    So is the evaluation after it if that is `pending`.
    """

    def __init__(self, run: Path, step: int, pending: bool):
        path = run / "metrics.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        places = [(json.loads(line)["step"], '"eval/' in line) for line in whole]
        kept = [line for line, at in zip(whole, places, strict=True) if at <= (step, not pending)]
        with written_whole(path) as beside:
            beside.write_text("".join(kept))
        self.file = path.open("a", buffering=1)

    def log(self, values: dict[str, float], step: int) -> None:
        """Append the values of a step; those that aren't finite, which JSON lacks, as null."""
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        self.file.write(json.dumps({"step": step} | finite) + "\n")

    def close(self, state: str) -> None:
        self.file.close()
