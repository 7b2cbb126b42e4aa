"""MLflow. To look at all runs: `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db`."""

import os
from contextlib import suppress
from pathlib import Path

import mlflow
from accelerate.tracking import GeneralTracker, MLflowTracker
from filelock import FileLock

STATES = {"finished": "FINISHED", "preempted": "KILLED", "failed": "FAILED"}


def open_tracker(run: Path, config: dict, step: int) -> GeneralTracker:
    """Start the run, or continue it: its id stands in the run's folder."""
    store = run.parent.resolve() / "mlflow.db"
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    # By default a server that is down holds up every call for minutes. Seconds, and times.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with suppress(mlflow.MlflowException):
        mlflow.end_run()  # one that failed in this process
    memory = run / "mlflow.id"
    memory.touch()
    run_id = memory.read_text() or None
    tracker = MLflowTracker(__package__.split(".")[0], run_id=run_id, run_name=run.name)
    # Runs that begin together would make a broken store.
    with FileLock(f"{store}.lock", timeout=60):
        tracker.start()
    memory.write_text(tracker.tracker.info.run_id)
    # MLflow refuses to change a parameter: the first start's stand.
    old = tracker.tracker.data.params
    tracker.store_init_configuration({k: v for k, v in config.items() if k not in old})
    return tracker


def close_tracker(tracker: GeneralTracker, state: str) -> None:
    """End the run as what it is."""
    mlflow.end_run(STATES[state])
