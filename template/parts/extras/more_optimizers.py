"""The optimizers of pytorch_optimizer: Lion, Adan, SOAP, Muon, ScheduleFreeAdamW and many more."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from ..core.errors import UserError
from ..settings.schedule import ScheduleConfig

UNFIT_OTHERS = {
    *("AdaHessian", "SophiaH"),  # differentiate the gradient
    *("LoRARite", "SpectralSphere"),  # take matrices of some shapes only
    *("FlashAdamW", "MuonClip"),  # need a kernel of their own; the logits of attention
    *("DeMo", "DistributedMuon"),  # spread their work over processes themselves
    *("Alice", "DASH", "Kron", "SaRA", "SPAM"),  # draw at random, otherwise in each process
    *("Conda", "SCION", "SCIONLight", "ScalableShampoo"),  # state is code, which isn't loaded
    *("Fromage", "Nero"),  # licence: not for commercial use
}


def other_optimizers() -> dict[str, type[Optimizer]]:
    """Return by name those that have a learning rate and a weight decay and need nothing else."""
    import pytorch_optimizer  # takes seconds

    found = {}
    for name, value in vars(pytorch_optimizer).items():
        if inspect.isclass(value) and value.__module__.startswith(f"{pytorch_optimizer.__name__}."):
            arguments = inspect.signature(value).parameters
            needed = {n for n, x in arguments.items() if x.default is x.empty} - {"kwargs"}
            if needed == {"params"} and {"lr", "weight_decay"} <= arguments.keys():
                found[name] = value
    return {name: found[name] for name in found.keys() - UNFIT_OTHERS}


def split_matrices(groups: list[dict[str, Any]], model: nn.Module) -> list[dict[str, Any]]:
    """Return the groups split in those for Muon (Jordan et al., 2024) and those for its AdamW.

    Muon moves the matrices inside the network, convolutions among them, which excludes embeddings
    and the last matrix, for that makes the outputs.
    """
    embeddings = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
    matrices = [p for p in model.parameters() if p.ndim > 1 and p not in embeddings]
    inside = set(matrices[:-1])
    return [
        group | {"params": part, "use_muon": chosen}
        for group in groups
        for chosen in (True, False)
        if (part := [p for p in group["params"] if (p in inside) == chosen])
    ]


def check_schedule(name: str, cfg: ScheduleConfig) -> None:
    """Raise UserError for a schedule beside an optimizer that is there to replace one."""
    if name.startswith("ScheduleFree") and cfg.name != "constant":
        raise UserError(f"schedule.name: {name} takes no schedule; allowed: constant")


@torch.no_grad()
def show_average(optimizer: Optimizer) -> Callable[[], None]:
    """Put the average, which some optimizers train for, into the model; return what undoes it.

    ScheduleFree (Defazio et al., NeurIPS 2024) and SPlus (Frans et al., 2025) keep one. What undoes
    it brings copies back, for the optimizers' own way back rounds.
    """
    trained = [p for g in optimizer.param_groups if g.get("train_mode") for p in g["params"]]
    copies = [p.detach().clone() for p in trained]
    if trained:
        optimizer.eval()

    @torch.no_grad()
    def undo() -> None:
        if trained:
            optimizer.train()
        for p, copy in zip(trained, copies, strict=True):
            p.copy_(copy)

    return undo
