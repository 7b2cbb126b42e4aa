"""TensorBoard. To look at all runs: `tensorboard --logdir runs`."""

from pathlib import Path

from accelerate.tracking import GeneralTracker, TensorBoardTracker
from torch.utils.tensorboard.summary import hparams


def open_tracker(run: Path, config: dict, step: int) -> GeneralTracker:
    """Write into the run's folder, on from optimizer step `step`."""
    # What an earlier start wrote behind its last checkpoint comes again, so it is hidden.
    tracker = TensorBoardTracker(run.name, run.parent, purge_step=step + 1)
    tracker.start()
    # Not store_init_configuration(), which makes one more run of every start.
    _, settings, _ = hparams(config, {})
    tracker.tracker.file_writer.add_summary(settings)
    return tracker


def close_tracker(tracker: GeneralTracker, state: str) -> None:
    """End the run; how it ended has no place here."""
    tracker.finish()
