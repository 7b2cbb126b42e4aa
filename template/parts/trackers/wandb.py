"""Weights & Biases, offline without a login. To upload later: `wandb sync runs/*/wandb`."""

import os
import uuid
from pathlib import Path

from accelerate.tracking import GeneralTracker, WandBTracker


def open_tracker(run: Path, config: dict, step: int) -> GeneralTracker:
    """Start the run, or continue it: its id stands in the run's folder."""
    import wandb  # at the top, linters would take it for yours once there is a folder ./wandb

    memory = run / "wandb.id"
    memory.touch()
    run_id = memory.read_text() or uuid.uuid4().hex[:16]
    memory.write_text(run_id)
    # Without a login W&B would ask for one, or raise.
    offline = "WANDB_MODE" not in os.environ and not wandb.login(prompt=False, verify=False)
    # Seconds. What isn't uploaded by then stays in the folder, for `wandb sync`.
    limits = {"init_timeout": 20, "finish_timeout": 15}
    tracker = WandBTracker(
        os.environ.get("WANDB_PROJECT", __package__.split(".")[0]),
        name=run.name,
        id=run_id,
        resume="allow",
        dir=run.resolve(),
        mode="offline" if offline else None,
        settings=wandb.Settings(reinit="finish_previous", **limits),
    )
    tracker.start()
    tracker.store_init_configuration(config)
    return tracker


def close_tracker(tracker: GeneralTracker, state: str) -> None:
    """End the run; one that was stopped is shown as preempted, for it goes on."""
    if state == "preempted":
        tracker.run.mark_preempting()
    tracker.run.finish(exit_code=0 if state == "finished" else 1)
