"""Checkpoints: written whole, checked as they are read, and never executed."""

import json
import logging
import pickle
import zlib
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_model, save_model
from torch import nn

from .errors import UserError, one_line
from .files import give_name, remove, written_whole

FORMAT = 1
log = logging.getLogger(__name__)


def save_checkpoint(
    root: Path, step: int, model: nn.Module, states: dict[str, Any], keep: int
) -> None:
    """Write `root/step-<step>`, then delete all but the newest `keep`; for one process only.

    `states` are objects with `state_dict` and `load_state_dict`, by name. Raises Fault if it can't
    be written; the ones before it are then as they were.
    """
    path = root / f"step-{step:08d}"
    with written_whole(path) as folder:
        folder.mkdir()
        save_model(model, str(folder / "model.safetensors"))
        with (folder / "state.pt").open("wb") as file:
            torch.save({name: state.state_dict() for name, state in states.items()}, file)
        files = {path.name: checksum(path) for path in folder.iterdir()}
        manifest = {"format": FORMAT, "step": step, "crc32": files}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    delete_others(path, keep)


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights alone, or raise Fault."""
    with written_whole(path) as beside:
        save_model(model, str(beside))


def delete_others(newest: Path, keep: int) -> None:
    """Delete all checkpoints but `newest` and those before it, `keep` in all."""
    # One of a later step is damaged: the run went on from before it.
    kept = sorted(path for path in newest.parent.glob("step-*") if path <= newest)[-keep:]
    for other in {*newest.parent.glob("step-*"), *newest.parent.glob(".*")} - {*kept}:
        remove(other)


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

    Process 0 chooses it for all. Raises UserError for one of another format, model or setup.
    """
    chosen: list[Path | None] = [None]
    if PartialState().is_main_process and (found := newest_checkpoint(root)):
        chosen = [found.with_name(found.name.removeprefix("."))]
        if found != chosen[0]:
            give_name(found, chosen[0])
        delete_others(chosen[0], keep)
    broadcast_object_list(chosen)
    if not (folder := chosen[0]):
        return
    made = json.loads((folder / "manifest.json").read_text())["format"]
    if made != FORMAT:
        raise UserError(f"{folder} has format {made}; this code reads format {FORMAT}")
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
    """Return the first weight that a file and the model don't have in common."""
    mine = {name: list(value.shape) for name, value in model.state_dict().items()}
    with safe_open(path, "pt") as file:
        saved = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    odd = [name for name in mine | saved if mine.get(name) != saved.get(name)]
    name = min(odd, key=lambda name: name not in mine or name not in saved)  # one in both, if any
    return f"{name} is {saved.get(name, 'missing')} there and {mine.get(name, 'missing')} here"


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value
