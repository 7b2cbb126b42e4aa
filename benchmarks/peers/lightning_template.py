"""Lightning as the well-known template, lightning-hydra-template, has one write it."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hydra
import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from torchmetrics import MaxMetric, MeanMetric
from torchmetrics.classification.accuracy import Accuracy

from .problem import build_network, loss_of, lr_factor, read_data

HERE = str(Path(__file__).resolve().parent)


class Data(LightningDataModule):
    """The two data sets behind loaders."""

    def __init__(self, plan: SimpleNamespace):
        super().__init__()
        self.plan = plan

    def setup(self, stage: str | None = None) -> None:
        """Read the data."""
        self.data_train, self.data_val = read_data(self.plan)

    def train_dataloader(self) -> DataLoader:
        """Return the training loader."""
        return DataLoader(
            self.data_train,
            batch_size=self.plan.batch_size,
            num_workers=self.plan.workers,
            pin_memory=False,
            shuffle=True,
        )

    def val_dataloader(self) -> DataLoader:
        """Return the validation loader."""
        return DataLoader(
            self.data_val,
            batch_size=self.plan.batch_size,
            num_workers=self.plan.workers,
            pin_memory=False,
            shuffle=False,
        )


class Module(LightningModule):
    """The network with its loss and its metrics; text has no accuracy."""

    def __init__(self, net: nn.Module, plan: SimpleNamespace):
        super().__init__()
        self.net, self.plan = net, plan
        self.train_loss, self.val_loss = MeanMetric(), MeanMetric()
        if not plan.text:
            classes = len(plan.spec.classes)
            self.train_acc = Accuracy(task="multiclass", num_classes=classes)
            self.val_acc = Accuracy(task="multiclass", num_classes=classes)
            self.val_acc_best = MaxMetric()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def model_step(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss, the predictions and the targets of a batch."""
        x, y = batch
        logits = self.forward(x)
        return loss_of(logits, y), torch.argmax(logits, dim=1) if y.ndim == 1 else logits, y

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the loss, and log it with the accuracy."""
        loss, preds, targets = self.model_step(batch)
        self.train_loss(loss)
        # on_step is False in the template; the comparison asks for a line every few steps.
        self.log("train/loss", self.train_loss, on_step=True, on_epoch=True, prog_bar=True)
        if targets.ndim == 1:
            self.train_acc(preds, targets)
            self.log("train/acc", self.train_acc, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log the loss and the accuracy."""
        loss, preds, targets = self.model_step(batch)
        self.val_loss.update(loss, weight=targets.numel())
        self.log("val/loss", self.val_loss, on_step=False, on_epoch=True, prog_bar=True)
        if targets.ndim == 1:
            self.val_acc(preds, targets)
            self.log("val/acc", self.val_acc, on_step=False, on_epoch=True, prog_bar=True)

    def on_train_start(self) -> None:
        """Forget what the sanity check found."""
        self.val_loss.reset()
        if not self.plan.text:
            self.val_acc.reset()
            self.val_acc_best.reset()

    def on_validation_epoch_end(self) -> None:
        """Log the best accuracy so far."""
        if not self.plan.text:
            self.val_acc_best(self.val_acc.compute())
            self.log("val/acc_best", self.val_acc_best.compute(), sync_dist=True, prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        """Return the optimizer and the schedule of its learning rate."""
        plan, parameters = self.plan, self.trainer.model.parameters()
        optimizer = torch.optim.AdamW(parameters, lr=plan.lr, weight_decay=plan.weight_decay)
        scheduler = LambdaLR(optimizer, lambda step: lr_factor(step, plan))
        entry = {"scheduler": scheduler, "interval": "step", "frequency": 1}
        return {"optimizer": optimizer, "lr_scheduler": entry}


class Held(Callback):
    """Asks the gate before each step, and gives it the scores of each evaluation."""

    def __init__(self, gate: Callable[[int], None]):
        self.gate = gate

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        self.gate(trainer.global_step)

    def on_validation_end(self, trainer: Trainer, *_: Any) -> None:
        found = trainer.callback_metrics
        names = {"loss": "val/loss", "accuracy": "val/acc"}
        self.gate.scores = {n: float(found[key]) for n, key in names.items() if key in found}


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step."""
    precision = "bf16-mixed" if plan.precision == "bf16" else "32-true"
    overrides = [
        f"folder={plan.folder}",
        f"monitor={'val/loss' if plan.text else 'val/acc'}",
        f"mode={'min' if plan.text else 'max'}",
        f"trainer.max_epochs={plan.epochs}",
        f"trainer.gradient_clip_val={plan.clip_norm}",
        f"trainer.log_every_n_steps={plan.log_every}",
        f"trainer.precision={precision}",
    ]
    with hydra.initialize_config_dir(HERE, version_base="1.3"):
        cfg = hydra.compose("lightning_template", overrides)
    callbacks = [hydra.utils.instantiate(each) for each in cfg.callbacks.values()]
    logger = [hydra.utils.instantiate(each) for each in cfg.logger.values()]
    trainer = hydra.utils.instantiate(
        cfg.trainer, callbacks=[*callbacks, Held(gate)], logger=logger
    )
    trainer.fit(model=Module(build_network(plan), plan), datamodule=Data(plan))


def show_help() -> None:
    """Print the help of the template's command."""
    sys.argv = ["train.py", "--help"]

    @hydra.main(version_base="1.3", config_path=HERE, config_name="lightning_template")
    def command(cfg: DictConfig) -> None:
        """Never called: hydra prints its help instead."""

    command()
