"""What is trained: the data, the network and the settings of each comparison on a CPU."""

import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measure import Peer, render
from PIL import Image

# The user's own file is where the network comes from: this goes to the end of model.py.
MLP = """

def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    sides = [spec.channels * spec.size**2, 128, 128, len(spec.classes)]
    layers = [nn.Flatten(), nn.Linear(sides[0], sides[1]), nn.ReLU()]
    layers += [nn.Linear(sides[1], sides[2]), nn.ReLU(), nn.Linear(sides[2], sides[3])]
    return nn.Sequential(*layers)
"""
FULL = {"extras": ["ema"], "early_stopping": True}
PATIENT = ("--early_stopping.patience", "1000000")  # it counts, but doesn't stop

# The rows of a table: how they are called there, and in peers/.
OWN = ("bare", "lean", "bare, EMA", "full")
RIVALS = {
    "Fabric, tuned": "fabric",
    "Accelerate's example": "accelerate_example",
    "Ignite's generator": "ignite_generator",
    "HF Trainer": "hf_trainer",
    "Lightning's template": "lightning_template",
}
ALL = (*OWN, *RIVALS)


class Workload(NamedTuple):
    """One table."""

    key: str
    title: str
    told: str
    """what is trained, in a sentence"""
    settings: tuple[str, ...]
    epochs: int
    """epochs of a round"""
    rounds: int
    more: int = 0
    """further rounds, of our own loops and bare's alone"""
    peers: tuple[str, ...] = ALL
    task: str = "image_classification"
    network: str = ""
    unit: str = "images"


KEEP = ("--save_every", "1000 epochs")  # at the end alone
ONCE = (*KEEP, "--data.augment.crop", "0")
WORKLOADS = (
    Workload(
        "mlp",
        "Tiny network: what the loop itself costs",
        "Multilayer perceptron of 26,122 parameters on 8 x 8 digits, batch 64, no augmentation, "
        "one checkpoint at the end.",
        ONCE,
        epochs=10,
        rounds=10,
        more=50,
        network=MLP,
    ),
    Workload(
        "shipped",
        "The network and the settings as shipped",
        "Residual network of 77,818 parameters on 8 x 8 digits, batch 64, random crops, a "
        "checkpoint each epoch.",
        ("--save_every", "1 epoch"),
        epochs=2,
        rounds=7,
        peers=OWN,
    ),
    Workload(
        "resnet",
        "Residual network on 3 x 32 x 32",
        "The shipped residual network on the digits in 3 x 32 x 32, batch 64, no augmentation, "
        "one checkpoint at the end.",
        (*ONCE, "--data.size", "32", "--data.channels", "3"),
        epochs=1,
        rounds=4,
    ),
    Workload(
        "gpt",
        "Small GPT",
        "The shipped language model (2 layers, width 64, blocks of 32 bytes) on Python's "
        "reference, batch 64, one checkpoint at the end.",
        (*KEEP, "--eval_every", "1 epoch", "--data.limit", "1920", "--data.holdout", "0.05"),
        epochs=1,
        rounds=5,
        task="text_generation",
        unit="bytes",
    ),
    Workload(
        "folder",
        "A folder of 2,000 files",
        "1,000 JPEG and 1,000 PNG files of 80 x 80 pixels, brought to 32 x 32 in two loader "
        "processes, the shipped network at width 4, batch 64, one checkpoint at the end.",
        (*ONCE, "--data.size", "32", "--data.workers", "2", "--model.width", "4"),
        epochs=1,
        rounds=4,
        peers=("bare", "lean", "HF Trainer", "Lightning's template"),
    ),
)


def make_peers(workload: Workload, folder: Path) -> list[Peer]:
    """Render the projects that a workload needs, and return its rows."""
    crops = ["augment"] if workload.task == "image_classification" else []
    lean = render(folder / "lean", workload.network, task=workload.task, extras=crops)
    rows = [Peer("bare", "bare", lean, "bare"), Peer("lean", "template", lean, "bare")]
    if "full" in workload.peers:
        full_answers = FULL | {"extras": [*crops, *FULL["extras"]]}
        full = render(folder / "full", workload.network, task=workload.task, **full_answers)
        rows.append(Peer("bare, EMA", "bare", full, "bare, EMA"))
        rows.append(Peer("full", "template", full, "bare, EMA", PATIENT))
    rows += [Peer(name, loop, lean, "bare") for name, loop in RIVALS.items()]
    return [peer for peer in rows if peer.name in workload.peers]


def make_images(folder: Path, count: int = 2_000) -> Path:
    """Write image files of four classes, half of them JPEG, that a network can tell apart."""
    draw = random.Random(0)
    rows, columns = np.mgrid[:80, :80] / 80
    for number in range(count):
        kind, phase = number % 4, draw.random()
        wave = ((rows, columns)[kind % 2] * (2 + 3 * (kind // 2)) + phase) % 1
        noise = np.random.default_rng(number).random((80, 80, 3))
        pixels = ((0.6 * wave[:, :, None] + 0.4 * noise) * 255).astype(np.uint8)
        place = folder / f"class-{kind}"
        place.mkdir(parents=True, exist_ok=True)
        suffix = "jpg" if number // 4 % 2 else "png"
        Image.fromarray(pixels).save(place / f"{number:04}.{suffix}")
    return folder
