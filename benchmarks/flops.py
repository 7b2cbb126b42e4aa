"""Prints the FLOPs of training on one example: `flops.py PROJECT PLAN`."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import default_collate
from torch.utils.flop_counter import FlopCounterMode


def main() -> None:
    """Count them over a forward and a backward pass of four examples on the CPU."""
    project, plan_file = sys.argv[1:]
    content = Path(plan_file).read_text()
    plan = json.loads(content, object_hook=lambda fields: SimpleNamespace(**fields))
    os.chdir(project)
    sys.path.insert(0, project)
    from peers.problem import build_network, loss_of, read_data

    samples = read_data(plan)[0]
    inputs, targets = default_collate([samples[index] for index in range(4)])
    network = build_network(plan)
    # Attention as plain products, which the counter knows on every device.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        loss_of(network(inputs), targets).backward()
    print(counter.get_total_flops() / 4)


if __name__ == "__main__":
    main()
