"""Ignite as its code-generator writes a project for image classification."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ignite.distributed as idist
import torch
from ignite.contrib.engines import common
from ignite.engine import Engine, Events
from ignite.handlers import (
    Checkpoint,
    DiskSaver,
    EarlyStopping,
    LRScheduler,
    global_step_from_engine,
)
from ignite.metrics import Accuracy, Loss
from ignite.utils import setup_logger
from torch.optim.lr_scheduler import LambdaLR

from .problem import build_network, loss_of, lr_factor, read_data, show_argparse_help

show_help = show_argparse_help


def build_trainer(plan: SimpleNamespace, model, optimizer, device) -> Engine:
    """Return the engine that trains on a batch."""

    def train_function(engine: Engine, batch: Any) -> dict[str, float]:
        model.train()
        samples = batch[0].to(device, non_blocking=True)
        targets = batch[1].to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
            loss = loss_of(model(samples), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        train_loss = loss.item()
        engine.state.metrics = {"epoch": engine.state.epoch, "train_loss": train_loss}
        return {"train_loss": train_loss}

    return Engine(train_function)


def build_evaluator(plan: SimpleNamespace, model, device) -> Engine:
    """Return the engine that evaluates a batch, with its metrics."""

    @torch.no_grad()
    def eval_function(engine: Engine, batch: Any):
        model.eval()
        samples = batch[0].to(device, non_blocking=True)
        targets = batch[1].to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
            return model(samples), targets

    evaluator = Engine(eval_function)
    metrics = {"eval_loss": Loss(loss_of, device=device)}
    if not plan.text:
        metrics["eval_accuracy"] = Accuracy(device=device)
    for name, metric in metrics.items():
        metric.attach(evaluator, name)
    return evaluator


def save_models(plan: SimpleNamespace, trainer: Engine, evaluator: Engine, state: dict) -> None:
    """Keep checkpoints each 1,000 iterations, and the best model of the evaluations."""
    name = "eval_loss" if plan.text else "eval_accuracy"
    score = Checkpoint.get_default_score_fn(name, -1.0 if plan.text else 1.0)
    saver = DiskSaver(Path(plan.folder) / "checkpoints", require_empty=False)
    each = Checkpoint(state, saver, filename_prefix="last", n_saved=2)
    trainer.add_event_handler(Events.ITERATION_COMPLETED(every=1000), each)
    best = Checkpoint(
        {"model": state["model"]},
        saver,
        filename_prefix="best",
        n_saved=2,
        global_step_transform=global_step_from_engine(trainer),
        score_name=name,
        score_function=score,
    )
    evaluator.add_event_handler(Events.EPOCH_COMPLETED(every=1), best)
    patient = EarlyStopping(100_000, score, trainer)  # the runs here are long
    evaluator.add_event_handler(Events.EPOCH_COMPLETED, patient)


def train(plan: SimpleNamespace, gate: Callable[[int], None]) -> None:
    """Train, asking the gate before each step."""
    device = idist.device()
    data_train, data_eval = read_data(plan)
    size, workers = plan.batch_size, plan.workers
    loader_train = idist.auto_dataloader(
        data_train, batch_size=size, shuffle=True, num_workers=workers
    )
    loader_eval = idist.auto_dataloader(
        data_eval, batch_size=size, shuffle=False, num_workers=workers
    )
    model = idist.auto_model(build_network(plan))
    parameters = model.parameters()
    optimizer = idist.auto_optim(
        torch.optim.AdamW(parameters, lr=plan.lr, weight_decay=plan.weight_decay)
    )
    scheduler = LRScheduler(LambdaLR(optimizer, lambda step: lr_factor(step, plan)))
    trainer = build_trainer(plan, model, optimizer, device)
    evaluator = build_evaluator(plan, model, device)
    trainer.logger = evaluator.logger = logger = setup_logger(
        "training", level=logging.INFO, filepath=Path(plan.folder) / "training.log", reset=True
    )
    trainer.add_event_handler(Events.ITERATION_STARTED, lambda _: gate(trainer.state.iteration - 1))
    trainer.add_event_handler(Events.ITERATION_STARTED, scheduler)
    state = {"model": model, "optimizer": optimizer, "trainer": trainer, "lr_scheduler": scheduler}
    save_models(plan, trainer, evaluator, state)
    every = plan.log_every
    board = common.setup_tb_logging(
        plan.folder, trainer, optimizer, evaluator, log_every_iters=every
    )

    def log_metrics(engine: Engine, tag: str) -> None:
        line = f"{tag} [{engine.state.epoch}/{engine.state.iteration}]: {engine.state.metrics}"
        logger.info(line)

    trainer.add_event_handler(Events.ITERATION_COMPLETED(every=every), log_metrics, tag="train")

    @trainer.on(Events.EPOCH_COMPLETED(every=1))
    def _() -> None:
        evaluator.run(loader_eval)
        log_metrics(evaluator, "eval")
        found = evaluator.state.metrics
        gate.scores = {k.removeprefix("eval_"): v for k, v in found.items()}

    trainer.run(loader_train, max_epochs=plan.epochs)
    board.close()
