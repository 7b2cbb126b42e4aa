"""The Trainer of Transformers, as its example run_image_classification.py sets it up."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import (
    HfArgumentParser,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
    set_seed,
)

from .problem import build_network, loss_of, read_data


class Named(Dataset):
    """Samples as the Trainer wants them: by the names of the model's arguments."""

    def __init__(self, samples: Dataset):
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        inputs, labels = self.samples[index]
        return {"inputs": inputs, "labels": labels}


class Model(nn.Module):
    """The network, which returns its loss as a model of Transformers does."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.network(inputs)
        return {"loss": loss_of(logits, labels), "logits": logits}


class Held(TrainerCallback):
    """Asks the gate before each step, and gives it the scores of each evaluation."""

    def __init__(self, gate: Callable[[int], None]):
        self.gate = gate

    def on_step_begin(self, args, state, control, **_: Any) -> None:
        self.gate(state.global_step)

    def on_evaluate(self, args, state, control, metrics: dict[str, float], **_: Any) -> None:
        names = ("loss", "accuracy")
        self.gate.scores = {n: metrics[f"eval_{n}"] for n in names if f"eval_{n}" in metrics}


def compute_metrics(found: Any) -> dict[str, float]:
    """Return the share of right answers."""
    return {"accuracy": float((np.argmax(found.predictions, axis=1) == found.label_ids).mean())}


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step."""
    args = TrainingArguments(
        output_dir=plan.folder,
        per_device_train_batch_size=plan.batch_size,
        per_device_eval_batch_size=plan.batch_size,
        num_train_epochs=plan.epochs,
        learning_rate=plan.lr,
        weight_decay=plan.weight_decay,
        max_grad_norm=plan.clip_norm,
        lr_scheduler_type="cosine",
        warmup_steps=plan.warmup,
        logging_strategy="steps",
        logging_steps=plan.log_every,
        eval_strategy="epoch",
        save_strategy="best",  # "epoch" in the example; the others save the best weights only
        metric_for_best_model="loss" if plan.text else "accuracy",
        save_total_limit=3,
        seed=1337,
        report_to=["tensorboard"],
        dataloader_num_workers=plan.workers,
        use_cpu=not torch.cuda.is_available(),
        bf16=plan.precision == "bf16",
    )
    set_seed(args.seed)
    train_set, eval_set = (Named(part) for part in read_data(plan))
    trainer = Trainer(
        model=Model(build_network(plan)),
        args=args,
        train_dataset=train_set,
        eval_dataset=eval_set,
        compute_metrics=None if plan.text else compute_metrics,
        data_collator=default_data_collator,
        callbacks=[Held(gate)],
    )
    trainer.train()


def show_help() -> None:
    """Print the help of the example's command."""
    sys.argv = ["run_image_classification.py", "--help"]
    HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
