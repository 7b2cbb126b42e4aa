"""What a run's model says of new inputs, as a command."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.predict import Predict

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Predict)

import json
import sys

import torch
from accelerate.utils import send_to_device

from .core.device import start
from .core.errors import UserError, run_command
from .data import read_inputs
from .model import describe, predict
from .trained import load_model


@torch.no_grad()
def main(argv: list[str]) -> int:
    """Print a line of JSON for each input; return 2 if one could not be read."""
    given, cfg = parse_arguments(Predict, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model, code = accelerator.prepare_model(model, evaluation_mode=True).eval(), 0
    for name, batch in read_inputs(given.input, cfg.data, spec):
        if isinstance(batch, UserError):
            print(f"error: {batch}", file=sys.stderr)
            code = 2
            continue
        outputs = predict(model, batch := send_to_device(batch, accelerator.device))
        print(json.dumps({"input": name} | describe(outputs, batch, spec)))
    return code


if __name__ == "__main__":
    run_command(main)
