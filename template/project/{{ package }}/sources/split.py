"""Which samples are trained on, evaluated on and kept for a test: by their names, not by place."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from ..core.errors import UserError
from ..core.rng import mix

SPLITS = {
    "train": ("train", "training"),
    "evaluation": ("validation", "valid", "val", "dev", "eval", "evaluation"),
    "test": ("test", "testing"),
}
"""what splits are called, as folders, files or in a dataset, in any case"""


def divide(
    names: Sequence[str],
    holdout: float,
    test: float | None = None,
    classes: Sequence[Hashable] | None = None,
    groups: Sequence[str] | None = None,
    draws: Mapping[str, float] | None = None,
) -> dict[str, list[int]]:
    """Return the indices of the samples to `train` on, for `evaluation` and, with a share, `test`.

    A sample's part is drawn from its name, or from that of its group, alone: neither another order
    nor samples that come or go move the others, and equal names share a part. So the shares are
    near those asked for, not exact. Each class, and the whole, is in every part if it has as many
    groups as there are parts; one of fewer is trained on first, then evaluated on. A part without
    samples is left out. `draws`, in [0, 1), stand in for those of the names.
    """
    if holdout + (test or 0) >= 1:
        raise UserError(f"data.holdout {holdout} and data.test {test} leave nothing to train on")
    groups = names if groups is None else groups
    draws = draws or {group: mix("part", group) / 2**63 for group in dict.fromkeys(groups)}
    # What is tested on comes from the other end, so that it takes nothing from the evaluation.
    parts = {
        group: "evaluation" if draw < holdout else "test" if draw >= 1 - (test or 0) else "train"
        for group, draw in draws.items()
    }
    wanted = ["train", "evaluation", "test"] if test else ["train", "evaluation"]
    members = defaultdict(set)
    for group, label in zip(groups, classes or [""] * len(groups), strict=True):
        members[label].add(group)
    for label in sorted(members, key=lambda label: (len(members[label]), str(label))):
        spread(members[label], draws, parts, wanted)
    found: dict[str, list[int]] = {part: [] for part in wanted}
    for index, group in enumerate(groups):
        found[parts[group]].append(index)
    return {part: rows for part, rows in found.items() if rows}


def spread(
    groups: set[str], draws: Mapping[str, float], parts: dict[str, str], wanted: list[str]
) -> None:
    """Move as few groups of a class as will do, so that each part wanted has one of them."""
    for place, part in enumerate(wanted):
        count = Counter(parts[group] for group in groups)
        most = max(reversed(wanted), key=lambda each: count[each])
        if not count[part] and (count[most] > 1 or wanted.index(most) > place):
            near = max if part == "test" else min
            parts[near((g for g in groups if parts[g] == most), key=draws.get)] = part


def find_splits(names: Iterable[str]) -> dict[str, str]:
    """Return which of the names is the split of each part; none without one to train on.

    A `test` that stands beside no other split but `train` is evaluated on.
    """
    there = {name.lower(): name for name in names}
    found = {
        part: there[next(each for each in known if each in there)]
        for part, known in SPLITS.items()
        if any(each in there for each in known)
    }
    if "evaluation" not in found and "test" in found:
        found["evaluation"] = found.pop("test")
    return found if "train" in found else {}


def identify(names: Iterable[str]) -> str:
    """Return what stands for samples, so that a run can tell that they are others."""
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(f"{name}\n".encode())
    return digest.hexdigest()
