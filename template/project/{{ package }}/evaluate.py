"""Exact scores over all processes; as a command, those of a run."""

import json

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from .data import build_loaders
from .device import finish, start
from .errors import UserError, run_command
from .load import load_model, parse_run, run_parser
from .loader import Loader
from .model import predict, score
from .step import add, average, weigh
from .stop import Stop


@torch.no_grad()
def evaluate(
    accelerator: Accelerator, model: nn.Module, loader: Loader, stop: Stop | None = None
) -> dict[str, float]:
    """Return the average of each score over all examples of the loader, each counted once.

    There are no scores if there was a reason to stop before all were seen.
    """
    if accelerator.num_processes > 1:
        for buffer in model.buffers():  # those of batch normalisation differ; process 0's are saved
            torch.distributed.broadcast(buffer, src=0)
    model.eval()
    sums: dict[str, Tensor] = {}
    for group in loader.groups():
        for batch, real in group.batches:
            add(sums, weigh(score(predict(model, batch), batch), real))
        if stopped := stop and stop.agreed():
            break
    model.train()
    return {} if stopped else average(accelerator, sums)


def main(argv: list[str]) -> None:
    """Print the scores of a run as JSON; further arguments change its settings."""
    given, cfg = parse_run(run_parser("evaluate", main.__doc__), argv)
    accelerator = start(cfg.precision)
    model, spec = load_model(given.run, given.weights, cfg)
    _, loader, found = build_loaders(cfg.data, cfg.seed)
    if found != spec:
        raise UserError(f"the run was trained on {spec}, this data is {found}")
    scores = evaluate(accelerator, accelerator.prepare(model), loader)
    if accelerator.is_main_process:
        print(json.dumps(scores))
    finish(accelerator)


if __name__ == "__main__":
    run_command(main)
