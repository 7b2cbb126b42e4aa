"""Checkpoints that are whole or not there: written beside, synced to disk, renamed."""

import json
import logging
import os
import pickle
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_model, save_model
from torch import nn

from .errors import Fault, UserError, one_line

FORMAT = 1
log = logging.getLogger(__name__)


def save_checkpoint(
    root: Path, step: int, model: nn.Module, states: dict[str, Any], keep: int
) -> None:
    """Write `root/step-<step>`, then delete all but the newest `keep`; for one process only.

    `states` are objects with `state_dict` and `load_state_dict`, by name. Raises Fault if it can't
    be written; the ones before it are then as they were.
    """
    beside = root / f".step-{step:08d}"
    shutil.rmtree(beside, ignore_errors=True)
    with writing(beside):
        beside.mkdir(parents=True)
        save_model(model, str(beside / "model.safetensors"))
        with (beside / "state.pt").open("wb") as file:
            torch.save({name: s.state_dict() for name, s in states.items()}, file)
        files = {path.name: checksum(path) for path in beside.iterdir()}
        manifest = {"format": FORMAT, "step": step, "crc32": files}
        (beside / "manifest.json").write_text(json.dumps(manifest))
        for path in [*beside.iterdir(), beside]:
            sync(path)
    put_in_place(beside, keep)


def put_in_place(folder: Path, keep: int) -> Path:
    """Give a whole checkpoint its name, if it is hidden, and keep only it and those before it."""
    root, final = folder.parent, folder.with_name(folder.name.removeprefix("."))
    if folder != final:
        shutil.rmtree(root / ".old", ignore_errors=True)
        if final.exists():  # of the same step, before its evaluation
            final.rename(root / ".old")
        folder.rename(final)
        sync(root)
    # One of a later step is damaged: the run went on from before it.
    kept = sorted(path for path in root.glob("step-*") if path <= final)[-keep:]
    for other in {*root.glob("step-*"), *root.glob(".*")} - {*kept}:
        shutil.rmtree(other)
    return final


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights alone, in one step that can't be seen half done, or raise Fault."""
    beside = path.with_suffix(".part")
    with writing(beside):
        path.parent.mkdir(exist_ok=True)
        save_model(model, str(beside))
        sync(beside)
        beside.replace(path)
        sync(path.parent)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Remove what could be written of a file or folder if not all of it can, and raise Fault."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        raise Fault(f"{path} can't be written: {one_line(error)}; those before are whole") from None


def newest_checkpoint(root: Path) -> Path | None:
    """Return the newest checkpoint that is whole, with a warning for each newer one that isn't."""
    # A hidden one is whole, too, if only its renaming was cut short.
    for folder in sorted(root.glob("*step-*"), key=lambda path: path.name.strip("."), reverse=True):
        if is_whole(folder):
            return folder
        if not folder.name.startswith("."):
            log.warning("checkpoint %s is damaged; the one before it is used, if any", folder)
    return None


def is_whole(folder: Path) -> bool:
    """Return whether all files are as they were written."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        return all(checksum(folder / name) == crc for name, crc in manifest["crc32"].items())
    except (OSError, ValueError, KeyError):
        return False


def resume(root: Path, model: nn.Module, states: dict[str, Any], keep: int) -> None:
    """Bring the model and the states to the newest whole checkpoint, if there is one.

    Process 0 chooses it for all. Raises UserError for a checkpoint of another format or model.
    """
    chosen = [newest_checkpoint(root) if PartialState().is_main_process else None]
    if chosen[0]:
        chosen = [put_in_place(chosen[0], keep)]  # which a kill may have cut short
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
    try:
        saved = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(f"{folder}/state.pt holds code, or is no state at all; refused") from None
    if odd := saved.keys() ^ states.keys():
        raise UserError(f"{folder} is of another setup: {min(odd)} is in only one of the two")
    for name, state in states.items():
        try:
            state.load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise UserError(f"{folder} is of another setup: {name}: {one_line(error)}") from None


def load_weights(path: Path, model: nn.Module) -> None:
    """Load weights; raise UserError if they are those of another model."""
    try:
        load_model(model, str(path))
    except FileNotFoundError:
        raise UserError(f"there are no weights {path}") from None
    except SafetensorError as error:
        raise UserError(f"{path} is not a file of safetensors: {error}") from None
    except RuntimeError:
        raise UserError(f"{path} holds another model's weights: {mismatch(path, model)}") from None


def mismatch(path: Path, model: nn.Module) -> str:
    """Return the first weight that a file of safetensors and the model don't have in common."""
    mine = {name: list(value.shape) for name, value in model.state_dict().items()}
    with safe_open(path, "pt") as file:
        saved = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    shared = [name for name in mine if name in saved and mine[name] != saved[name]]
    name = [*shared, *(n for n in mine | saved if n not in mine or n not in saved)][0]
    return f"{name} is {saved.get(name, 'missing')} there and {mine.get(name, 'missing')} here"


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk; Windows can't tell of a folder."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
