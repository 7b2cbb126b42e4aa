"""What a run's model says of new inputs, as a command."""

import json
import sys
from pathlib import Path

import torch
from accelerate.utils import send_to_device

from .core.device import start
from .core.errors import UserError, run_command
from .data import read_inputs
from .model import describe, predict
from .trained import load_model, parse_run, run_parser


@torch.no_grad()
def main(argv: list[str]) -> int:
    """Print a line of JSON for each input; further arguments change the run's settings.

    An input that can't be read is named on stderr, and makes the exit code 2 at the end.
    """
    parser = run_parser("predict", main.__doc__)
    parser.add_argument("--input", type=Path, required=True, help="file, or folder of files")
    given, cfg = parse_run(parser, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model = accelerator.prepare(model).eval()
    code = 0
    for name, batch in read_inputs(given.input, cfg.data, spec):
        if isinstance(batch, UserError):
            print(f"error: {batch}", file=sys.stderr)
            code = 2
            continue
        batch = send_to_device(batch, accelerator.device)
        outputs = predict(model, batch)
        print(json.dumps({"input": name} | describe(outputs, batch, spec)))
    return code


if __name__ == "__main__":
    run_command(main)
