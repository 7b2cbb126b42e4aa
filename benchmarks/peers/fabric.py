"""Lightning Fabric with a loop tuned by hand: batches of indices, fused AdamW, few metrics."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers import CSVLogger
from torch.utils.data import DataLoader, Dataset, default_collate

from .bare import build_optimizer
from .problem import (
    Files,
    Pixels,
    build_network,
    loss_of,
    lr_factor,
    normalise,
    read_data,
    show_argparse_help,
)

show_help = show_argparse_help


class Batches(Dataset):
    """A data set that gives the samples of many indices at once."""

    def __init__(self, samples: Dataset):
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, indices: list[int]):
        """Return a whole batch, gathered at once if it lies in memory."""
        samples, index = self.samples, torch.tensor(indices)
        if isinstance(samples, Pixels):
            return normalise(samples.images[index], samples.data), samples.labels[index]
        if isinstance(samples, Files):
            return default_collate([samples[i] for i in indices])
        place = torch.arange(samples.length + 1)
        text = samples.text[samples.starts[index][:, None] + place].long()
        return text[:, :-1], text[:, 1:]


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step."""
    logger = CSVLogger(plan.folder, flush_logs_every_n_steps=1)
    precision = "bf16-mixed" if plan.precision == "bf16" else "32-true"
    fabric = Fabric(accelerator="auto", devices=1, precision=precision, loggers=logger)
    fabric.launch()
    loaders = (
        DataLoader(
            Batches(part),
            batch_size=plan.batch_size,
            shuffle=number == 0,
            num_workers=plan.workers,
            persistent_workers=plan.workers > 0,
            collate_fn=lambda batch: batch,
            pin_memory=torch.cuda.is_available(),
        )
        for number, part in enumerate(read_data(plan))
    )
    train_loader, eval_loader = fabric.setup_dataloaders(*loaders)
    network = build_network(plan)
    model, optimizer = fabric.setup(network, build_optimizer(network, plan))
    step, best = 0, None
    for _ in range(plan.epochs):
        for inputs, targets in train_loader:
            gate(step)
            for group in optimizer.param_groups:
                group["lr"] = plan.lr * lr_factor(step, plan)
            loss = loss_of(model(inputs), targets)
            fabric.backward(loss)
            norm = fabric.clip_gradients(model, optimizer, max_norm=plan.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            if step % plan.log_every == 0:
                fabric.log_dict({"train/loss": loss.item(), "train/norm": norm.item()}, step=step)
        gate.scores = evaluate(model, eval_loader)
        fabric.log_dict({f"eval/{name}": value for name, value in gate.scores.items()}, step=step)
        fabric.print(f"step {step}: {gate.scores}")
        worth = gate.scores.get("accuracy", -gate.scores["loss"])
        if best is None or worth > best:
            best = worth
            fabric.save(Path(plan.folder) / "best.ckpt", {"model": model})
    fabric.save(Path(plan.folder) / "last.ckpt", {"model": model, "optimizer": optimizer})


@torch.no_grad()
def evaluate(model, loader) -> dict[str, float]:
    """Return the average loss and the share of right answers."""
    model.eval()
    loss = right = count = 0
    for inputs, targets in loader:
        outputs = model(inputs)
        loss += loss_of(outputs, targets) * targets.numel()
        if targets.ndim == 1:
            right += (outputs.argmax(1) == targets).sum()
        count += targets.numel()
    model.train()
    scores = {"loss": loss.item() / count}
    return scores | ({"accuracy": right.item() / count} if targets.ndim == 1 else {})
