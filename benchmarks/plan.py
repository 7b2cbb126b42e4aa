"""Prints as JSON what a project makes of settings: `plan.py PROJECT [SETTING ...]`.

The peers read this instead of the project's configuration, so that none of them imports it.
"""

import dataclasses
import json
import os
import sys


def main() -> None:
    """Resolve the settings with the project's own code."""
    project, *settings = sys.argv[1:]
    os.chdir(project)
    sys.path.insert(0, project)
    from digits.config import parse_config
    from digits.core.duration import to_steps
    from digits.data import build_loaders

    cfg = parse_config(settings)
    loaders, spec = build_loaders(cfg.data, cfg.seed)
    loader = loaders["train"]
    epoch = len(loader)
    total, log_every, _, save_every = cfg.in_steps(epoch)
    if cfg.optim.name != "AdamW" or cfg.schedule.name != "cosine":
        raise SystemExit("the peers know AdamW and a cosine only")
    plan = {
        "text": hasattr(spec, "block"),
        "data": dataclasses.asdict(cfg.data),
        "model": dataclasses.asdict(cfg.model),
        "spec": dataclasses.asdict(spec),
        "seed": cfg.seed,
        "precision": cfg.precision,
        "batch_size": cfg.data.batch_size,
        "workers": cfg.data.workers,
        "lr": cfg.optim.lr,
        "weight_decay": cfg.optim.weight_decay,
        "clip_norm": cfg.optim.clip_norm,
        "decay": cfg.ema.decay if hasattr(cfg, "ema") else None,
        "epoch": epoch,
        "examples": len(loader.dataset),
        "total": total,
        "epochs": total // epoch,
        "warmup": to_steps(cfg.schedule.warmup, epoch, total),
        "log_every": log_every,
        "save_every": save_every,
    }
    print(json.dumps(plan, default=str))


if __name__ == "__main__":
    main()
