"""The scale drill: the same curves however the examples of a step are spread."""

from pathlib import Path

import pytest
from drills import edited, json_lines

pytestmark = [pytest.mark.drill, pytest.mark.slow]

LAYOUTS = {"one": (1, 1, 4), "two": (2, 1, 2), "accumulated": (1, 4, 1), "both": (2, 2, 1)}
"""processes, micro-batches and, in units of B, the size of a batch: always 4 B in all"""
SETTINGS = {"name": "run", "duration": "40 steps", "log_every": "1 step", "model.dropout": "0"}
# SGD hands rounding on as it is; AdamW divides by what may be small, which enlarges it: in float32,
# by the 40th step, the losses of two layouts are 1e-6 apart, with SGD 3e-7.
SGD = {"optim.name": "SGD", "optim.lr": "0.03", "optim.args": '{"momentum": 0.9}'}
ROUNDED = {"loss": 1e-5, "lr": 1e-12, "grad_norm": 1e-4}
"""largest relative differences in float32"""
EXACT = {"loss": 1e-9, "lr": 1e-12, "grad_norm": 1e-9}
"""the same in float64"""

# What is added to the end of a module, under the names that the others call.

# Where rounding moves an input of ReLU over 0 the gradient jumps, by 1e-4 of its norm, and 20 steps
# later the losses are 1e-3 apart; GELU has no such edge.
SMOOTH = """
F.relu, nn.ReLU = F.gelu, nn.GELU
"""
WEIGHTS = """
unweighted = score


def score(outputs, batch):
    return unweighted(outputs, batch) | {"weight": batch["label"] + 1.0}
"""
DOUBLE = """
single_model, single_predict, single_score = build_model, predict, score


def build_model(cfg, spec):
    return single_model(cfg, spec).double()


def predict(model, batch):
    return single_predict(model, batch | {"image": batch["image"].double()})


def score(outputs, batch):
    return {name: value.double() for name, value in single_score(outputs, batch).items()}
"""
MEAN_OF_PROCESSES = """
right_backward = Step.backward


def backward(self, group):
    mine = self.accelerator.num_processes * sum(real for _, real in group.batches)
    wrong = group._replace(samples=group.samples.new_zeros(max(mine, 1)))
    return right_backward(self, wrong)


Step.backward = backward
"""
MEAN_OF_BATCHES = """
right_score = score


def score(outputs, batch):
    values = right_score(outputs, batch)
    return values | {"weight": values["weight"] / values["weight"].mean()}
"""


@pytest.fixture
def spread(render, nursery, tmp_path):
    """Give a function that trains in some layouts and returns how far apart their curves are."""

    def train(project: Path, layout: str, size: int, settings: dict[str, str]) -> dict:
        processes, accumulate, batch = LAYOUTS[layout]
        settings = SETTINGS | settings | {"optim.accumulate": str(accumulate)}
        settings |= {"data.batch_size": str(batch * size)}
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        folder = tmp_path / layout
        life = nursery.live(project, folder, "train", *arguments, processes=processes)
        assert not any(life.codes), life.output
        lines = json_lines(folder / "here/runs/run/metrics.jsonl")
        return {
            name: [line[f"train/{name}"] for line in lines if f"train/{name}" in line]
            for name in ROUNDED
        }

    def apart(
        size: int,
        *layouts: str,
        settings: dict | None = None,
        hardware: str = "one_device",
        **added: str,
    ) -> dict:
        project = edited(render(hardware=hardware), tmp_path / "project", **added)
        curves = [train(project, layout, size, settings or {}) for layout in layouts]
        for curve in curves:
            assert [len(values) for values in curve.values()] == [40, 40, 40]
            assert sum(curve["loss"][-5:]) < 0.75 * sum(curve["loss"][:5])
        return {
            name: max(
                abs(its - mine) / abs(mine)
                for other in curves[1:]
                for mine, its in zip(curves[0][name], other[name], strict=True)
            )
            for name in ROUNDED
        }

    return apart


# 1,228 digits make 11 steps a pass with B = 30, the last of them a short micro-batch and nothing
# else, and 16 with B = 20, the last of them a micro-batch and a short one.
@pytest.mark.parametrize(
    "weights", ["", pytest.param(WEIGHTS, marks=pytest.mark.first)], ids=["plain", "weights"]
)
def test_same_curves_however_a_step_is_spread(weights, spread, drill):
    with drill("scale, float32"):
        apart = spread(30, *LAYOUTS, settings=SGD, model=SMOOTH + weights)
        assert all(apart[name] < limit for name, limit in ROUNDED.items()), apart


def test_same_curves_where_sums_overlap(spread, drill):
    """In a project for several GPUs, whose gradients are summed as they are computed."""
    with drill("scale, overlap"):
        apart = spread(30, *LAYOUTS, settings=SGD, hardware="multi_gpu", model=SMOOTH + WEIGHTS)
        assert all(apart[name] < limit for name, limit in ROUNDED.items()), apart


@pytest.mark.deep
@pytest.mark.parametrize(("size", "weights"), [(30, ""), (20, WEIGHTS)], ids=["plain", "weights"])
def test_same_curves_up_to_the_last_digits_in_float64(size, weights, spread, drill):
    """With the project's own optimizer: but for rounding, the arithmetic is the same."""
    with drill("scale, float64"):
        apart = spread(size, *LAYOUTS, model=weights + DOUBLE)
        assert all(apart[name] < limit for name, limit in EXACT.items()), apart


@pytest.mark.parametrize(
    ("layouts", "added"),
    [
        (("one", "two"), {"model": SMOOTH, "step": MEAN_OF_PROCESSES}),
        (("one", "accumulated"), {"model": SMOOTH + WEIGHTS + MEAN_OF_BATCHES}),
    ],
    ids=["processes", "batches"],
)
def test_mean_of_means_is_told_apart(layouts, added, spread, drill):
    """What the drill is there to find: a mean over means of different numbers of examples."""
    with drill("scale, control"):
        apart = spread(32, *layouts, settings=SGD, **added)
        assert apart["lr"] == 0
        assert apart["loss"] > 10 * ROUNDED["loss"], apart
