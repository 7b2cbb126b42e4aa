"""A loop tuned by hand in PyTorch: no resume, no signals, no checks.

It knows only what the comparison needs: AdamW, a linear warm-up and a cosine, crops, clipping by
norm, evaluations each epoch, saves in whole epochs.
"""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .problem import build_network, loss_of, lr_factor, show_argparse_help
from .sources import open_source

show_help = show_argparse_help


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step, with an average of the weights if so planned."""
    processes, rank = (int(os.environ.get(name, d)) for name, d in (("WORLD_SIZE", 1), ("RANK", 0)))
    if processes > 1:
        dist.init_process_group("gloo")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build_network(plan).to(device, memory_format=torch.channels_last)
    kept = copy.deepcopy(model) if plan.decay else model  # what is evaluated
    source = open_source(plan, device, rank, processes)
    parameters, optimizer = list(model.parameters()), build_optimizer(model, plan)
    weights, averages = ([p.data for p in each.parameters()] for each in (model, kept))
    call = nn.parallel.DistributedDataParallel(model) if processes > 1 else model
    low = torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bf16")
    folder, step, best = Path(plan.folder), 0, 0.0
    with (folder / f"metrics-{rank}.jsonl").open("w", buffering=1) as ledger:
        while step < plan.total:
            for x, y in source.epoch():
                gate(step)
                lr = plan.lr * lr_factor(step, plan)
                for group in optimizer.param_groups:
                    group["lr"] = lr
                with low:
                    output = call(x)
                    loss = loss_of(output, y)
                loss.backward()
                norm = nn.utils.clip_grad_norm_(parameters, plan.clip_norm, foreach=True)
                optimizer.step()
                optimizer.zero_grad()
                if plan.decay:
                    torch._foreach_lerp_(averages, weights, 1 - plan.decay)
                step += 1
                if step % plan.log_every == 0:
                    scores = {"loss": loss.data, "grad_norm": norm, "lr": lr}
                    if not plan.text:
                        scores["accuracy"] = (output.argmax(1) == y).float().mean()
                    write(ledger, "train", step, scores)
            with low:
                gate.scores = evaluate(kept, source.held(), processes)
            write(ledger, "eval", step, gate.scores)
            worth = -gate.scores["loss"] if plan.text else gate.scores["accuracy"]
            if rank == 0 and (worth > best or not best):
                best = worth
                save(folder / "best.pt", model=kept.state_dict())
            if rank == 0 and (step % plan.save_every == 0 or step == plan.total):
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                save(folder / "last.pt", **state, step=step)


def build_optimizer(model: nn.Module, plan: SimpleNamespace) -> torch.optim.Optimizer:
    """Return AdamW as one kernel, without decay for vectors."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1]},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.lr, weight_decay=plan.weight_decay, fused=True)


@torch.no_grad()
def evaluate(model: nn.Module, batches, processes: int) -> dict[str, float]:
    """Return the average loss and the share of right answers."""
    model.eval()
    loss = right = count = 0
    for x, y in batches:
        output = model(x)
        loss += loss_of(output, y) * y.numel()
        if y.ndim == 1:
            right += (output.argmax(1) == y).sum()
        count += y.numel()
    model.train()
    if processes > 1:
        sums = torch.stack([loss, torch.as_tensor(right), torch.as_tensor(count)]).double()
        dist.all_reduce(sums)
        loss, right, count = sums
    scores = {"loss": float(loss) / int(count)}
    return scores | ({"accuracy": int(right) / int(count)} if y.ndim == 1 else {})


def write(file, kind: str, step: int, scores: dict[str, Tensor | float]) -> None:
    """Write a line of scores to the file and to the terminal."""
    line = json.dumps({"step": step} | {f"{kind}/{k}": float(v) for k, v in scores.items()})
    file.write(f"{line}\n")
    print(line, flush=True)


def save(path: Path, **content: object) -> None:
    """Write a file that is never seen half written."""
    beside = path.with_suffix(".part")
    torch.save(content, beside)
    beside.replace(path)
