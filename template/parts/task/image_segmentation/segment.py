"""The masks that a run's model makes of new images, as a command."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.segment import Segment

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Segment)

import sys
from pathlib import Path

import torch
from accelerate.utils import send_to_device
from PIL import Image

from .core.device import start
from .core.errors import UserError, run_command
from .data import read_inputs
from .model import predict
from .sources.masks import UNLABELLED, paint
from .sources.pixels import UPRIGHT, find_orientation, naming, open_image
from .trained import load_model

LYING = UPRIGHT | {6: UPRIGHT[8], 8: UPRIGHT[6]}
"""what brings an upright picture back to how its file has it"""


@torch.no_grad()
def main(argv: list[str]) -> int:
    """Write a mask for each image, as it lies in its file, in the run's folder.

    An image that can't be read is named on stderr, and makes the exit code 2 at the end.
    """
    given, cfg = parse_arguments(Segment, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model = accelerator.prepare(model).eval()
    root = given.input if given.input.is_dir() else given.input.parent
    code = 0
    for name, batch in read_inputs(given.input, cfg.data, spec):
        if isinstance(batch, UserError):
            print(f"error: {batch}", file=sys.stderr)
            code = 2
            continue
        outputs = predict(model, send_to_device(batch, accelerator.device))
        values = outputs[0].argmax(0)
        mask = paint(UNLABELLED * values if spec.binary else values)
        mask = mask.resize(open_image(Path(name)).size, Image.Resampling.NEAREST)
        with naming(name), Image.open(name) as image:
            turn = LYING.get(find_orientation(image))
        mask = mask if turn is None else mask.transpose(turn)
        file = (given.run / "masks" / Path(name).relative_to(root)).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        mask.save(file)
        print(file)
    return code


if __name__ == "__main__":
    run_command(main)
