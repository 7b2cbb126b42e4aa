"""How a run's model goes on with a text, as a command."""

import torch
from jsonargparse.typing import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from .core.device import start
from .core.errors import run_command
from .core.rng import mix
from .sources.blocks import END, VOCABULARY, decode
from .trained import load_model, parse_run, run_parser


@torch.no_grad()
def main(argv: list[str]) -> None:
    """Print a prompt as the model goes on with it; further arguments change the run's settings."""
    parser = run_parser("sample", main.__doc__)
    for name, kind, default, words in (
        ("prompt", None, "", "text to go on with (default: none)"),
        ("length", PositiveInt, 500, "most bytes to add; a document may end before (500)"),
        ("temperature", PositiveFloat, 0.8, "divides the logits; lower is tamer (0.8)"),
        ("top_k", PositiveInt, VOCABULARY, "number of the likeliest bytes drawn from (all)"),
        ("seed", NonNegativeInt, 0, "what the draws are derived from (0)"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default, help=words)
    given, cfg = parse_run(parser, argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    model = accelerator.prepare(model).eval()
    text = [END, *given.prompt.encode(errors="replace")]
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
