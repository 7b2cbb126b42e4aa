"""The data (yours to change): what a batch is and where it comes from."""

#% if sources %#
# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_config
from .settings.command import Command

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Command)

#% endif %#
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl
from torch import Tensor

#% if sources %#
from .core.errors import UserError, run_command
#% else %#
from .core.errors import UserError
#% endif %#
from .core.loader import Loader
from .settings.data import DataConfig
from .sources.columns import Faults, Plan, parse
from .sources.encode import Rows, encode_names, encode_numbers, fit_names, fit_scale
#% if 'folder' in sources %#
from .sources.folder import read_root
#% endif %#
#% if 'hub' in sources %#
from .sources.hub import read_hub
#% endif %#
#% if sources %#
from .sources.overview import check
#% endif %#
from .sources.prepare import (
    ROW,
    check_columns,
    choose_columns,
    choose_targets,
    hold_out,
    read_as,
    read_embedded,
    tidy,
)
from .sources.readers import Table, find_files, read_blocks
#% if sources %#
from .sources.target import Spec, encode_target, fit_target, kinds, tell_targets
#% else %#
from .sources.target import Spec, encode_target, fit_target
#% endif %#

BLOCK = 4096
"""rows that are read at once to be predicted"""


def build_loaders(
    cfg: DataConfig, seed: int, accumulate: int = 1, known: Spec | None = None
) -> tuple[dict[str, Loader], Spec]:
    """Return a loader for each part of the rows, and what the model must know of them.

    The parts are `train`, `evaluation` and, if there is one, `test`. With `known`, that of a run,
    nothing is learned of the rows, and they are read as that run read its own.

    A batch is a dict of `numbers` [b, n] (float32, scaled), `names` [b, m] (int64, 0 for unknown),
    what `encode_target` gives [b], and `key` [b]. Raises UserError that names the broken values.
    """
    read = read_embedded
    #% if 'folder' in sources %#
    if cfg.root:
        read = read_root
    #% endif %#
    #% if 'hub' in sources %#
    if cfg.hf:
        read = read_hub
    #% endif %#
    tables = read(cfg)
    plan = read_as(known) if known else choose_columns(tables["train"].frame, cfg)
    targets = known.list_targets() if known else choose_targets(tables["train"].frame, cfg)
    tables = {part: tidy(table, plan, targets, cfg) for part, table in tables.items()}
    tables = hold_out(tables, [name for name in targets if name in plan.names], cfg)
    spec = known or fit(tables, plan, targets)
    tell_unknown(sum((count_unknown(table.frame, spec) for table in tables.values()), Counter()))
    parts = {
        part: Rows(encode(table.frame, spec) | encode_target(table, spec), table.frame[ROW])
        for part, table in tables.items()
    }
    load = partial(Loader, batch_size=cfg.batch_size)
    #% if sources %#
    load = partial(load, workers=cfg.workers)
    #% endif %#
    loaders = {part: load(each) for part, each in parts.items()}
    if not known:  # then there is something to learn
        loaders["train"] = load(parts["train"], accumulate=accumulate, shuffle=True, seed=seed)
    return loaders, spec


def fit(tables: dict[str, Table], plan: Plan, targets: list[str]) -> Spec:
    """Return what is learned of the columns: classes of all rows, the rest of those to train on."""
    train = tables["train"].frame
    scales = {name: fit_scale(train[name]) for name in plan.numbers if name not in targets}
    names = {name: fit_names(train[name]) for name in plan.names if name not in targets}
    found = fit_target([table.frame for table in tables.values()], targets)
    same = [name for name in scales if train[name].min() == train[name].max()]
    same += [name for name, known in names.items() if len(known) == 1]
    told = [f"{name}: the same in every row to train on, tells nothing" for name in same]
    how = {"dates": plan.dates, "decimal": plan.decimal, "notes": [*plan.notes, *told]}
    return Spec(scales, names, **found, **how)


def encode(frame: pl.DataFrame, spec: Spec) -> dict[str, Tensor]:
    """Return the inputs of rows."""
    names = encode_names(frame, spec.names)
    return {"numbers": encode_numbers(frame, spec.numbers), "names": names}


def count_unknown(frame: pl.DataFrame, spec: Spec) -> Counter:
    """Return in how many rows each column holds a name that training hasn't met."""
    counts = {n: (~frame[n].fill_null("").is_in(known)).sum() for n, known in spec.names.items()}
    return Counter({name: count for name, count in counts.items() if count})


def tell_unknown(counts: Counter) -> None:
    """Tell on stderr of names that training hasn't met."""
    if counts:
        told = ", ".join(f"{name} x {count}" for name, count in counts.items())
        print(f"unknown in training, taken as the mean of the others: {told}", file=sys.stderr)


def read_inputs(
    path: Path, cfg: DataConfig, spec: Spec
) -> Iterator[tuple[str, dict[str, Tensor] | UserError]]:
    """Yield the place of each row of a file, which may lack the target, and a batch of it alone.

    Instead of the batch, an error for a row that can't be used.
    """
    plan, unknown = read_as(spec, inputs=True), Counter()
    for file in chain(*find_files(path).values()):
        for table in read_blocks(file, cfg.encoding, cfg.separator, BLOCK):
            check_columns(table, plan)
            faults = Faults(table)
            frame = parse(table, plan, [*cfg.marks, *cfg.missing], faults)
            unknown.update(count_unknown(frame, spec))
            columns = encode(frame, spec)
            for row, place in enumerate(table.places):
                if row in faults.told:
                    yield place, UserError(faults.told[row])
                else:
                    yield place, {name: column[row : row + 1] for name, column in columns.items()}
    tell_unknown(unknown)
#% if sources %#


def show(samples: list[dict[str, Tensor]], spec: Spec, folder: Path) -> str:
    """Return what the columns hold, and a table of samples as the model gets them."""
    lines = [*spec.notes]
    lines += [f"{name}: mean {mean:g}, deviation {d:g}" for name, (mean, d) in spec.numbers.items()]
    lines += [f"{name}: {', '.join(names)}"[:100] for name, names in spec.names.items()]
    heads = [*spec.numbers, *spec.names, *spec.list_targets()]
    lines.append(" ".join(f"{head[:11]:>11}" for head in heads))
    for sample in samples[:10]:
        cells = [f"{number:.3f}" for number in sample["numbers"][0].tolist()]
        places = zip(spec.names.values(), sample["names"][0].tolist(), strict=True)
        cells += [["unknown", *names][place] or "missing" for names, place in places]
        lines.append(" ".join(f"{c[:11]:>11}" for c in [*cells, *tell_targets(sample, spec)]))
    return "\n".join(lines)


def main(argv: list[str]) -> None:
    """Read the table that the settings name, tell what there is, and show some rows."""
    cfg = parse_config(argv)
    check(lambda: build_loaders(cfg.data, cfg.seed), kinds, show)


if __name__ == "__main__":
    run_command(main)
#% endif %#
