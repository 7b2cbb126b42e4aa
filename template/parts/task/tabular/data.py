"""The data (yours to change): what a batch is and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt
from torch import Tensor

from .encode import Rows, encode_names, encode_numbers, fit_names, fit_scale, is_numeric, refuse
from .errors import UserError, check_choice, run_command
from .loader import Loader
from .parts import divide, find_splits
from .splits import choose_splits, load_splits
from .tables import READERS, Table, read_table, to_table
from .target import (
    Spec,
    Target,
    encode_target,
    fit_target,
    kinds,
    list_targets,
    read_example,
    tell_targets,
)


@dataclass(kw_only=True)
class DataConfig:
    """The table; without `root` and `hf` one that comes with scikit-learn."""

    batch_size: PositiveInt = 64
    """rows per process and micro-batch"""
    workers: NonNegativeInt = 0
    """loader processes beside each training process; 0 is best for data in memory"""
    root: Path | None = None
    """CSV, TSV, JSON lines or Parquet file, or a folder with one named train and one named test"""
    hf: str | None = None
    """table of the `datasets` library: a name on the hub or a local path"""
    train_split: str = "train"
    """split of `hf` to train on"""
    eval_split: str | None = None
    """split of `hf` to evaluate on; null takes `test` or `validation` or holds rows out"""
    holdout: OpenUnitInterval = 0.2
    """share of the rows, drawn by what they hold, to evaluate on where there is no file for it"""
    test: OpenUnitInterval | None = None
    """share held out as well where `holdout` is, and never looked at before the run's end"""
    target: Target | None = None
    """column to predict; null takes the last"""
    ignore: list[str] = field(default_factory=list)
    """columns left out"""
    names: list[str] = field(default_factory=list)
    """columns whose numbers are names, not amounts"""

    def __post_init__(self):
        if self.root and self.hf:
            raise ValueError("data.root and data.hf exclude each other: set one of them to null")


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the rows, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`.

    A batch is a dict of `numbers` [b, n] (float32, scaled), `names` [b, m] (int64, 0 for unknown),
    what `encode_target` gives [b], and `key` [b]. Raises UserError that names the broken values.
    """
    tables = read_parts(cfg)
    spec = fit(tables["train"], cfg)
    errors: list[str] = []
    parts = {part: Rows(encode(table, spec, errors)) for part, table in tables.items()}
    refuse(errors)
    size, workers = cfg.batch_size, cfg.workers
    loaders = {n: Loader(p, size, workers=workers) for n, p in parts.items()}
    loaders["train"] = Loader(parts["train"], size, accumulate, True, seed, workers)
    return loaders, spec


def read_parts(cfg: DataConfig) -> dict[str, Table]:
    """Return the rows of each part."""
    if cfg.hf:
        splits = load_splits(cfg.hf)
        chosen = choose_splits(splits, cfg.train_split, cfg.eval_split)
        parts = {p: to_table(f"{cfg.hf} {name}", splits[name]) for p, name in chosen.items()}
    elif not cfg.root:
        parts = {"train": read_example()}
    elif cfg.root.is_dir():
        files = {f.stem: f for f in sorted(cfg.root.iterdir()) if f.suffix.lower() in READERS}
        found = find_splits(files)
        if not found:
            raise UserError(f"{cfg.root} holds no train file; allowed: {', '.join(READERS)}")
        parts = {part: read_table(files[name]) for part, name in found.items()}
    else:
        parts = {"train": read_table(cfg.root)}
    if "evaluation" in parts:
        return parts
    table = parts["train"]
    rows = [repr(row) for row in zip(*table.columns.values(), strict=True)]
    target = list_targets(cfg.target or list(table.columns)[-1])[0]
    classes = None if is_numeric(table.columns[target]) else table.columns[target]
    divided = divide(rows, cfg.holdout, cfg.test, classes)
    return parts | {part: table.select(chosen) for part, chosen in divided.items()}


def fit(table: Table, cfg: DataConfig) -> Spec:
    """Return what is learned of the columns from the rows to train on."""
    targets = list_targets(cfg.target or list(table.columns)[-1])
    for key, names in (("target", targets), ("ignore", cfg.ignore), ("names", cfg.names)):
        for name in names:
            check_choice(f"data.{key}", name, table.columns)
    columns = {n: v for n, v in table.columns.items() if n not in [*targets, *cfg.ignore]}
    if not columns:
        raise UserError(f"data.ignore leaves no column to predict {targets[0]} from")
    numeric = [name for name in columns if name not in cfg.names and is_numeric(columns[name])]
    scales = {name: fit_scale(columns[name]) for name in numeric}
    names = {name: fit_names(columns[name]) for name in columns if name not in numeric}
    return Spec(scales, names, **fit_target({name: table.columns[name] for name in targets}))


def encode(table: Table, spec: Spec, errors: list[str], known: bool = True) -> dict[str, Tensor]:
    """Return a table's columns as tensors, the target among them if it is `known`."""
    for name in [*spec.numbers, *spec.names, *(spec.list_targets() if known else [])]:
        if name not in table.columns:
            raise UserError(f"{table.places[0].split(', ')[0]} has no column {name}")
    inputs = {
        "numbers": encode_numbers(table, spec.numbers, errors),
        "names": encode_names(table, spec.names),
    }
    return inputs | (encode_target(table, spec, errors) if known else {})


def read_inputs(path: Path, cfg: DataConfig, spec: Spec) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the place of each row of a file, which may lack the target, and a batch of it alone."""
    table, errors = read_table(path), []
    columns = encode(table, spec, errors, known=False)
    refuse(errors)
    for row, place in enumerate(table.places):
        yield place, {name: column[row : row + 1] for name, column in columns.items()}


def show(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Return what the columns hold, and a table of samples as the model gets them."""
    lines = [f"{name}: mean {mean:g}, deviation {d:g}" for name, (mean, d) in spec.numbers.items()]
    lines += [f"{name}: {', '.join(names)}"[:100] for name, names in spec.names.items()]
    heads = [*spec.numbers, *spec.names, *spec.list_targets()]
    lines.append(" ".join(f"{head[:11]:>11}" for head in heads))
    for sample in samples[:10]:
        cells = [f"{number:.3f}" for number in sample["numbers"][0].tolist()]
        places = zip(spec.names.values(), sample["names"][0].tolist(), strict=True)
        cells += [["unknown", *names][place] for names, place in places]
        lines.append(" ".join(f"{c[:11]:>11}" for c in [*cells, *tell_targets(sample, spec)]))
    return "\n".join(lines)


def main(argv: list[str]) -> None:
    """Read the table that the settings name, tell what there is, and show some rows."""
    from .check import check  # here, because it imports this file

    check(argv, kinds, show)


if __name__ == "__main__":
    run_command(main)
