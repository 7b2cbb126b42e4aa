"""A trained run, as the commands that use one find it."""

import argparse
import json
from pathlib import Path

from torch import nn

from .config import Config, parse_config
from .core.checkpoint import load_weights, newest_checkpoint
from .core.errors import UserError
from .core.settings import Parser
from .data import Spec
from .model import build_model


def run_parser(command: str, description: str | None) -> Parser:
    """Return a parser of what says which weights of which run are meant."""
    parser = Parser(command, description)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, as runs/NAME")
    parser.add_argument("--weights", choices=("best", "last"), default="best", help="default: best")
    return parser


def parse_run(parser: Parser, argv: list[str]) -> tuple[argparse.Namespace, Config]:
    """Return the arguments, and the run's settings changed by those the parser doesn't know."""
    given, changes = parser.parse_known_args(argv)
    if not (given.run / "config.yaml").is_file():
        raise UserError(f"--run: there is no run in {given.run} (no config.yaml)")
    return given, parse_config(parser.prog, changes, given.run / "config.yaml")


def load_model(run: Path, weights: str, cfg: Config) -> tuple[nn.Module, Spec]:
    """Return the run's model with its best or its last weights, and what it knows of the data."""
    try:
        spec = Spec(**json.loads((run / "spec.json").read_text()))
    except FileNotFoundError:
        raise UserError(f"{run} has not begun to train") from None
    model = build_model(cfg.model, spec)
    folder = run / "best" if weights == "best" else newest_checkpoint(run / "checkpoints")
    if not folder or not (folder / "model.safetensors").is_file():
        raise UserError(f"{run} has no {weights} weights yet")
    load_weights(folder / "model.safetensors", model)
    return model, spec
