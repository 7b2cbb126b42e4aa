"""Images that a run's generator makes, as a command."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.sample import Sample

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Sample)

import torch
from PIL import Image
from torch import Tensor

from .core.device import start
from .core.errors import run_command
from .core.rng import mix
from .model import normal
from .trained import load_model

ZOOM = 4


@torch.no_grad()
def main(argv: list[str]) -> None:
    """Draw images in the run's folder, a column for each class; further arguments are settings."""
    given, cfg = parse_arguments(Sample, argv)
    device = start(cfg.precision).device
    model, spec = load_model(given.run, given.weights, cfg)
    generator = model.generator.to(device).eval()
    label = torch.arange(len(spec.classes), device=device)
    rows = []
    for row in range(given.count):  # one after the other, whatever the memory
        noise = normal(label + mix(given.seed, "sample", row), cfg.model.noise)
        rows.append(generator(noise, label).cpu())
    file = given.run / f"samples-{given.seed}.png"
    sheet = to_image(torch.stack(rows))
    size = sheet.width * ZOOM, sheet.height * ZOOM
    sheet.resize(size, Image.Resampling.NEAREST).save(file)
    print(f"{file} shows, from left to right: {', '.join(spec.classes)}")


def to_image(made: Tensor) -> Image.Image:
    """Return images [rows, columns, c, h, w] in [-1, 1] as one, with white lines between them."""
    framed = torch.nn.functional.pad(made, (0, 1, 0, 1), value=1.0)
    pixels = framed.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)  # [height, width, c]
    pixels = ((pixels + 1) * 127.5).round().byte()
    return Image.fromarray(pixels.expand(-1, -1, 3).numpy())


if __name__ == "__main__":
    run_command(main)
