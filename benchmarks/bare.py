"""A loop tuned by hand for arrays in memory: one process, no resume, no signals, no checks.

It reads the rendered project's settings, but knows only what the comparison needs: AdamW, a linear
warm-up and a cosine, crops, clipping by norm, evaluations each epoch, saves in whole epochs.
"""

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from digits.augment import shift_and_flip
from digits.config import Config, parse_config
from digits.duration import to_steps
from digits.images import read_digits
from digits.model import build_model
from torch import Tensor, nn


def train(settings: list[str], gate: Callable[[int], None], decay: float | None = None) -> None:
    """Train, asking the gate before each step; with `decay`, an average of the weights is kept."""
    cfg = parse_config("bare", settings)
    data, held_out, spec = read_digits(cfg.data.holdout, cfg.data.channels, cfg.data.size)
    torch.manual_seed(cfg.seed)
    model = build_model(cfg.model, spec)
    parameters, optimizer = list(model.parameters()), build_optimizer(model, cfg)
    kept = copy.deepcopy(model) if decay else model  # what is evaluated
    weights, averages = ([p.data for p in each.parameters()] for each in (model, kept))
    epoch = math.ceil(len(data) / cfg.data.batch_size)
    intervals = (cfg.duration, cfg.schedule.warmup, cfg.log_every, cfg.save_every)
    total, warmup, log_every, save_every = (to_steps(each, epoch) for each in intervals)
    held = split(held_out.images.float() / 255, held_out.labels, cfg)
    pixels, folder, step, best = data.images.float() / 255, Path("runs") / cfg.name, 0, 0.0
    with (folder / "metrics.jsonl").open("w", buffering=1) as ledger:
        while step < total:
            for image, label in split(*shuffle(pixels, data.labels, cfg.data.augment.crop), cfg):
                gate(step)
                rise = (step + 1) / (warmup + 1)
                fall = (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2
                for group in optimizer.param_groups:
                    group["lr"] = cfg.optim.lr * (rise if step < warmup else fall)
                output = model(image)
                loss = F.cross_entropy(output, label)
                loss.backward()
                norm = nn.utils.clip_grad_norm_(parameters, cfg.optim.clip_norm, foreach=True)
                optimizer.step()
                optimizer.zero_grad()
                if decay:
                    torch._foreach_lerp_(averages, weights, 1 - decay)
                step += 1
                if step % log_every == 0:
                    right = (output.argmax(1) == label).float().mean()
                    lr = optimizer.param_groups[0]["lr"]
                    write(
                        ledger, "train", step, loss=loss.data, accuracy=right, grad_norm=norm, lr=lr
                    )
            scores = evaluate(kept, held)
            write(ledger, "eval", step, **scores)
            if scores["accuracy"] > best:
                best = scores["accuracy"]
                save(folder / "best.pt", model=kept.state_dict())
            if step % save_every == 0 or step == total:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                save(folder / "last.pt", **state, step=step)


def build_optimizer(model: nn.Module, cfg: Config) -> torch.optim.Optimizer:
    """Return AdamW as one kernel, without decay for vectors."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1]},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    lr, weight_decay = cfg.optim.lr, cfg.optim.weight_decay
    return torch.optim.AdamW(groups, lr=lr, weight_decay=weight_decay, fused=True)


def shuffle(pixels: Tensor, labels: Tensor, crop: int) -> tuple[Tensor, Tensor]:
    """Return an epoch's images and labels in a new order, cropped all at once."""
    order = torch.randperm(len(labels))
    images = pixels[order]
    if crop:
        images = shift_and_flip(images, torch.rand(len(labels), 3), crop, 0.0)
    return images, labels[order]


def split(pixels: Tensor, labels: Tensor, cfg: Config) -> list[tuple[Tensor, Tensor]]:
    """Return normalised batches, the last one as long as it is."""
    images = (pixels - cfg.data.mean) / cfg.data.std
    return list(zip(*(e.split(cfg.data.batch_size) for e in (images, labels)), strict=True))


@torch.no_grad()
def evaluate(model: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Return the average loss and the share of right answers."""
    model.eval()
    loss = right = count = 0
    for image, label in batches:
        output = model(image)
        loss += F.cross_entropy(output, label, reduction="sum")
        right += (output.argmax(1) == label).sum()
        count += len(label)
    model.train()
    return {"loss": loss.item() / count, "accuracy": right.item() / count}


def write(file, kind: str, step: int, **scores: Tensor | float) -> None:
    """Write a line of scores to the file and to the terminal."""
    line = json.dumps({"step": step} | {f"{kind}/{k}": float(v) for k, v in scores.items()})
    file.write(f"{line}\n")
    print(line, flush=True)


def save(path: Path, **content: object) -> None:
    """Write a file that is never seen half written."""
    beside = path.with_suffix(".part")
    torch.save(content, beside)
    beside.replace(path)
