"""How a run's model goes on with a text, as a command."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.sample import Sample

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Sample)

import torch
from torch import Tensor

from .core.device import start
from .core.errors import run_command
from .core.rng import mix
from .sources.blocks import END, VOCABULARY, decode
from .trained import load_model


@torch.no_grad()
def main(argv: list[str]) -> None:
    """Print a prompt as the model goes on with it; further arguments change the run's settings."""
    given, cfg = parse_arguments(Sample, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model = accelerator.prepare(model).eval()
    text = [END, *(given.prompt or "").encode(errors="replace")]
    generator = torch.Generator().manual_seed(mix(given.seed))
    for _ in range(given.length):
        window = torch.tensor([text[-spec.block :]], device=accelerator.device)
        byte = draw(model(window)[0, -1].cpu(), given.temperature, given.top_k, generator)
        if byte == END:
            break
        text.append(byte)
    print(decode(text[1:]))


def draw(logits: Tensor, temperature: float, top_k: int, generator: torch.Generator) -> int:
    """Return a byte drawn from the `top_k` largest of its logits [256] (Fan et al., ACL 2018)."""
    values, candidates = logits.topk(min(top_k, VOCABULARY))
    chances = (values / temperature).softmax(0)
    return int(candidates[torch.multinomial(chances, 1, generator=generator)])


if __name__ == "__main__":
    run_command(main)
