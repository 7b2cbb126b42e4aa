"""A chart of the ratios: one panel per workload, a bar per loop."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from measure import spread
from tables import base_of, column, find

PANELS = ("mlp", "resnet", "gpt", "folder")
COLORS = {"bare": "#8c8c8c", "lean": "#1b6ca8", "full": "#1b6ca8"}


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw CPU time per step as a multiple of the loop by hand, with the spread of the rounds."""
    keys = [key for key in PANELS if key in results]
    settings = {"svg.fonttype": "none", "svg.hashsalt": "performance", "font.size": 9}
    with plt.rc_context(settings):
        counts = [len(results[key]["costs"]) for key in keys]
        heights = {"height_ratios": [count + 1 for count in counts]}
        size = (7.5, 0.3 * sum(counts) + 0.8 * len(keys))
        figure, axes = plt.subplots(len(keys), 1, figsize=size, squeeze=False, gridspec_kw=heights)
        for key, axis in zip(keys, axes[:, 0], strict=True):
            panel(axis, key, results[key]["costs"])
        axes[-1, 0].set_xlabel("CPU time per step, as a multiple of the loop by hand")
        figure.tight_layout()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def panel(axis: Any, key: str, costs: dict[str, list[dict[str, Any]]]) -> None:
    """Draw the bars of one workload, the first row on top."""
    names = [name for name in costs if base_of(name, costs) != name or name == "bare"]
    found = [spread(*(column(costs[n], "cpu") for n in (e, base_of(e, costs)))) for e in names]
    middles = [middle for middle, _, _ in found]
    # The ratio of the medians can lie outside those of the rounds.
    errors = [
        [max(m - low, 0) for m, low, _ in found],
        [max(high - m, 0) for m, _, high in found],
    ]
    places = range(len(names))
    colors = [COLORS.get(name, "#d9a441") for name in names]
    axis.barh(places, middles, xerr=errors, color=colors, ecolor="#444444", height=0.7)
    axis.set_yticks(places, [f"{n} ({m:.2f})" for n, m in zip(names, middles, strict=True)])
    axis.invert_yaxis()
    axis.axvline(1, color="#444444", linewidth=0.8)
    axis.set_xlim(left=0)
    axis.set_title(find(key).title, loc="left", fontsize=10)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
