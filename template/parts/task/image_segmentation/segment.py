"""The masks that a run's model makes of new images, as a command."""

from pathlib import Path

import torch
from accelerate.utils import send_to_device
from PIL import Image

from .data import read_inputs
from .device import start
from .errors import run_command
from .images import open_image
from .load import load_model, parse_run, run_parser
from .masks import paint
from .model import predict


@torch.no_grad()
def main(argv: list[str]) -> None:
    """Write a mask for each image, of its size, in the run's folder; `predict` takes the same."""
    parser = run_parser("segment", main.__doc__)
    parser.add_argument("--input", type=Path, required=True, help="image, or folder of images")
    given, cfg = parse_run(parser, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model = accelerator.prepare(model).eval()
    root = given.input if given.input.is_dir() else given.input.parent
    for name, batch in read_inputs(given.input, cfg.data, spec):
        outputs = predict(model, send_to_device(batch, accelerator.device))
        size = open_image(Path(name)).size
        mask = paint(outputs[0].argmax(0)).resize(size, Image.Resampling.NEAREST)
        file = (given.run / "masks" / Path(name).relative_to(root)).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        mask.save(file)
        print(file)


if __name__ == "__main__":
    run_command(main)
