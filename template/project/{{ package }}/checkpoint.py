"""Checkpoints that are whole or not there: written beside, synced to disk, renamed."""

import json
import logging
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from safetensors.torch import load_model, save_model
from torch import nn

from .errors import UserError

FORMAT = 1
log = logging.getLogger(__name__)


def save_checkpoint(
    root: Path, step: int, model: nn.Module, states: dict[str, Any], keep: int
) -> None:
    """Write `root/step-<step>`, then delete all but the newest `keep`; for one process only.

    `states` are objects with `state_dict` and `load_state_dict`, by name.
    """
    final, beside = root / f"step-{step:08d}", root / f".step-{step:08d}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    save_model(model, str(beside / "model.safetensors"))
    torch.save({name: s.state_dict() for name, s in states.items()}, beside / "state.pt")
    files = {path.name: checksum(path) for path in beside.iterdir()}
    manifest = {"format": FORMAT, "step": step, "crc32": files}
    (beside / "manifest.json").write_text(json.dumps(manifest))
    for path in [*beside.iterdir(), beside]:
        sync(path)
    shutil.rmtree(final, ignore_errors=True)
    beside.rename(final)
    sync(root)
    for old in sorted(root.glob("step-*"))[:-keep]:
        shutil.rmtree(old)


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights alone, in one step that can't be seen half done."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".part")
    save_model(model, str(beside))
    sync(beside)
    beside.replace(path)
    sync(path.parent)


def newest_checkpoint(root: Path) -> Path | None:
    """Return the newest checkpoint that is whole, with a warning for each newer one that isn't."""
    for folder in sorted(root.glob("step-*"), reverse=True):
        if is_whole(folder):
            return folder
        log.warning("checkpoint %s is damaged; the one before it is used", folder)
    return None


def is_whole(folder: Path) -> bool:
    """Return whether all files are as they were written."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        return all(checksum(folder / name) == crc for name, crc in manifest["crc32"].items())
    except (OSError, ValueError, KeyError):
        return False


def resume(root: Path, model: nn.Module, states: dict[str, Any]) -> None:
    """Bring the model and the states to the newest whole checkpoint, if there is one.

    Process 0 chooses it for all. Raises UserError for a checkpoint of another format or model.
    """
    chosen = [newest_checkpoint(root) if PartialState().is_main_process else None]
    broadcast_object_list(chosen)
    if chosen[0]:
        load_checkpoint(chosen[0], model, states)


def load_checkpoint(folder: Path, model: nn.Module, states: dict[str, Any]) -> None:
    """Bring the model and the states to where the checkpoint was written.

    Raises UserError for a checkpoint of another format, model or set of states.
    """
    found = json.loads((folder / "manifest.json").read_text())["format"]
    if found != FORMAT:
        raise UserError(f"{folder} has format {found}; this code reads format {FORMAT}")
    load_weights(folder / "model.safetensors", model)
    saved = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    if odd := saved.keys() ^ states.keys():
        raise UserError(f"{folder} is of another setup: {min(odd)} is in only one of the two")
    for name, state in states.items():
        state.load_state_dict(saved[name])


def load_weights(path: Path, model: nn.Module) -> None:
    """Load weights; raise UserError if they are those of another model."""
    try:
        load_model(model, str(path))
    except FileNotFoundError:
        raise UserError(f"there are no weights {path}") from None
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} holds another model's weights: {reason}") from None


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
