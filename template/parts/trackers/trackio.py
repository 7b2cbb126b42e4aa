"""Trackio. To look at all runs: `TRACKIO_DIR=runs/trackio trackio show`."""

import os
from pathlib import Path

from accelerate.tracking import GeneralTracker, TrackioTracker


def open_tracker(run: Path, config: dict, step: int) -> GeneralTracker:
    """Start the run, or continue it if the run's folder says that it has been started."""
    os.environ.setdefault("TRACKIO_DIR", str(run.parent.resolve() / "trackio"))
    started = run / "trackio.started"
    tracker = TrackioTracker(
        __package__.split(".")[0],
        name=run.name,
        config=config,
        # By name, so that a new folder of an old name mustn't continue the old one.
        resume="allow" if started.exists() else "never",
    )
    tracker.start()
    started.touch()
    return tracker


def close_tracker(tracker: GeneralTracker, state: str) -> None:
    """End the run; how it ended has no place here."""
    tracker.finish()
