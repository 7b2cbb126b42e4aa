"""What a run tells while it goes: to its writers (ledger, trackers) and to the terminal."""

import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from tqdm import tqdm


def figure(value: float) -> str:
    """Return a number in few digits: four decimals, or four digits of one that is smaller."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.01 else f"{value:.4g}"


class Log:
    """Tells the scores of a run of `total` steps, of which `step` are done.

    `writers` (ledger, trackers) have `log(values, step)` and `close(state)`; without any, nothing
    is told. A terminal gets a progress bar, anything else a plain line per logged step. `examples`
    is always the number trained on so far, over all processes.
    """

    def __init__(self, writers: list[Any], step: int, total: int, examples: int):
        self.writers, self.total, self.best = writers, total, ""
        self.plain = bool(writers) and not sys.stderr.isatty()
        hidden = self.plain or not writers
        self.bar = tqdm(total=total, initial=step, unit="step", disable=hidden, dynamic_ncols=True)
        self.restart_clock(step, examples)

    def restart_clock(self, step: int, examples: int) -> None:
        """Leave the time up to now out of the speed."""
        self.time, self.step, self.examples = time.perf_counter(), step, examples

    def train(self, step: int, examples: int, scores: dict[str, float]) -> None:
        """Tell the training scores of a step."""
        seconds = time.perf_counter() - self.time
        rate = (examples - self.examples) / seconds
        self.write("train", step, scores | {"samples_per_s": rate})
        speed = f"lr {scores['lr']:.2e}  {rate:,.0f} samples/s"
        text = f"loss {figure(scores['loss'])}  {speed}{self.best}"
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(step - self.bar.n)
        if self.plain:
            eta = timedelta(seconds=round(seconds / max(step - self.step, 1) * (self.total - step)))
            print(f"step {step}/{self.total}  {text}  ETA {eta}", flush=True)
        self.restart_clock(step, examples)

    def evaluated(self, step: int, examples: int, scores: dict[str, float], best: float) -> None:
        """Tell the scores of an evaluation and, from here on, the best monitored one so far."""
        self.write("eval", step, scores)
        self.best = f"  best {figure(best)}"
        if self.writers:
            text = "  ".join(f"{name} {figure(value)}" for name, value in scores.items())
            tqdm.write(f"step {step}/{self.total}  evaluation: {text}")
        self.restart_clock(step, examples)

    def write(self, kind: str, step: int, scores: dict[str, float]) -> None:
        for writer in self.writers:
            writer.log({f"{kind}/{name}": value for name, value in scores.items()}, step)

    def close(self, state: str) -> None:
        """Close the writers, which are told how the run ended, and leave the bar as it stands."""
        self.bar.close()
        with ExitStack() as each:  # also those behind one that fails, on a full disk for instance
            for writer in reversed(self.writers):
                each.callback(writer.close, state)
