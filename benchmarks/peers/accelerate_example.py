"""Accelerate as its complete example for images trains: examples/complete_cv_example.py."""

import os
from collections.abc import Callable
from types import SimpleNamespace

import torch
from accelerate import Accelerator
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from .problem import build_network, loss_of, lr_factor, read_data, show_argparse_help

show_help = show_argparse_help


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step."""
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(),
        mixed_precision="bf16" if plan.precision == "bf16" else "no",
        log_with="tensorboard",
        project_dir=plan.folder,
    )
    accelerator.init_trackers("logs", {"lr": plan.lr, "batch_size": plan.batch_size})
    train_set, eval_set = read_data(plan)
    train_loader = DataLoader(
        train_set, shuffle=True, batch_size=plan.batch_size, num_workers=plan.workers
    )
    eval_loader = DataLoader(
        eval_set, shuffle=False, batch_size=plan.batch_size, num_workers=plan.workers
    )
    model = build_network(plan).to(accelerator.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)
    scheduler = LambdaLR(optimizer, lambda step: lr_factor(step, plan))
    model, optimizer, train_loader, eval_loader, scheduler = accelerator.prepare(
        model, optimizer, train_loader, eval_loader, scheduler
    )
    step = 0
    for epoch in range(plan.epochs):
        model.train()
        total_loss = 0
        for inputs, targets in train_loader:
            gate(step)
            outputs = model(inputs)
            loss = loss_of(outputs, targets)
            total_loss += loss.detach().float()
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), plan.clip_norm)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            step += 1
            if step % plan.log_every == 0:
                values = {"loss": loss.item(), "lr": scheduler.get_last_lr()[0]}
                accelerator.log({f"train/{name}": value for name, value in values.items()}, step)
        gate.scores = evaluate(accelerator, model, eval_loader)
        accelerator.print(f"epoch {epoch}: {gate.scores}")
        values = gate.scores | {"train_loss": total_loss.item() / len(train_loader), "epoch": epoch}
        accelerator.log(values, step=step)
    accelerator.save_state(os.path.join(plan.folder, "last"))
    accelerator.end_training()


def evaluate(accelerator: Accelerator, model, loader) -> dict[str, float]:
    """Return the average loss and the share of right answers."""
    model.eval()
    right = count = loss = 0
    for inputs, targets in loader:
        with torch.no_grad():
            outputs = model(inputs)
        loss += loss_of(outputs, targets) * targets.numel()
        if targets.ndim == 1:
            found, wanted = accelerator.gather_for_metrics((outputs.argmax(dim=-1), targets))
            right += (found == wanted).long().sum()
        count += targets.numel()
    scores = {"loss": loss.item() / count}
    return scores | ({"accuracy": right.item() / count} if targets.ndim == 1 else {})
