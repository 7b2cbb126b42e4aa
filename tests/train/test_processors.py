"""Right on any processor: no model runs what breaks on some, and each task learns on older ones."""

import json
import math

import pytest
import rows
from drills import LINE, Nursery, differences, edited, json_lines
from processors import PROCESSORS
from proofs import arguments, known

pytestmark = [pytest.mark.slow, pytest.mark.first]

TASKS = list(rows.choices(rows.questions()["task"]))
OLDER = ("AVX2", "SSE4.1")
SETTINGS = {
    "name": "run",
    "duration": "24 steps",
    "log_every": "1 step",
    "eval_every": "11 steps",
    "save_every": "7 steps",
    "schedule.warmup": "3 steps",
}
NARROW = {
    "image_classification": {"model.width": "5"},
    "image_generation": {"model.width": "3"},
    "image_segmentation": {"model.width": "3"},
    "text_classification": {"model.width": "8"},
    "text_generation": {"model.width": "8"},
}
"""widths at which kernels for few channels run, where a task has fewer than the default"""
WALK = """
import dataclasses, itertools, json, sys, typing

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch.utils._python_dispatch import TorchDispatchMode

from .config import parse_config
from .data import build_loaders
from .model import predict, score
from .train import build_network


class Convolutions(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, given=(), options=None):
        if function is torch.ops.aten.convolution.default:
            weight, stride = given[1], given[3]
            seen.append([list(weight.shape), list(stride)])
        return function(*given, **options or {})


cfg = parse_config(sys.argv[1:])
loaders, spec = build_loaders(cfg.data, cfg.seed)
batch, _ = next(loaders["train"].groups()).batches[0]
hints = typing.get_type_hints(type(cfg.model), include_extras=True)
sizes = [name for name, hint in hints.items() if hint in (PositiveInt, NonNegativeInt)]
found = {}
for values in itertools.product(*[[1, 2, 3, 4, 5, 8] if x == "width" else [1, 3] for x in sizes]):
    seen, chosen = [], dict(zip(sizes, values))
    try:
        cfg.model = dataclasses.replace(cfg.model, **chosen)
    except ValueError:
        continue
    network = build_network(cfg, spec)
    with Convolutions(), torch.no_grad():
        score(predict(network, batch), batch)
    found[json.dumps(chosen)] = seen
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def nurseries(render):
    """Give a function that gives the nursery of an older processor."""
    made = {}

    def of(name: str) -> Nursery:
        if name not in made:
            made[name] = Nursery(render(), PROCESSORS[name])
        return made[name]

    yield of
    for nursery in made.values():
        nursery.close()


def strided(convolutions: list) -> list:
    """Give the convolutions of kernel 1 whose stride isn't, of any number of dimensions."""
    return [x for x in convolutions if max(x[1]) > 1 and {*x[0][2:]} == {1}]


@pytest.mark.parametrize("task", TASKS)
def test_no_convolution_of_kernel_1_has_a_stride(render, nursery, tmp_path, task):
    """Whatever the model's sizes; its weight gradient breaks with AVX2 (oneDNN issue 6035)."""
    project = edited(render(task=task), tmp_path / "project", walk=WALK)
    small = ["--data.batch_size", "2"]
    life = nursery.live(project, tmp_path, "walk", *known(project)["SMALL"], *small)
    assert life.codes == [0], life.output
    found = json.loads(life.output.splitlines()[-1])
    assert len(found) >= 4
    assert task.startswith("image") == any(found.values())
    assert not {sizes: strided(seen) for sizes, seen in found.items() if strided(seen)}


def test_strided_convolutions_are_told_apart():
    pooled, wide, kernel = [[8, 4, 1, 1], [1, 1]], [[8, 4, 3, 3], [2, 2]], [[8, 4, 1], [2]]
    assert strided([pooled, wide, kernel, [[8, 4, 1, 1], [1, 2]]]) == [
        kernel,
        [[8, 4, 1, 1], [1, 2]],
    ]


@pytest.mark.parametrize("processor", OLDER)
@pytest.mark.parametrize("task", TASKS)
def test_learns_on_an_older_processor(render, nurseries, tmp_path, task, processor):
    project = render(task=task)
    given = [*known(project)["SMALL"], *arguments(SETTINGS | NARROW.get(task, {}))]
    life = nurseries(processor).live(project, tmp_path, "train", *given)
    assert life.codes == [0], life.output
    lines = json_lines(tmp_path / "here/runs/run/metrics.jsonl")
    losses = [line["train/loss"] for line in lines if "train/loss" in line]
    assert len(losses) == 24 and all(map(math.isfinite, losses))
    assert sum(losses[-5:]) < sum(losses[:5])


@pytest.mark.parametrize("processor", OLDER)
def test_killed_run_goes_on_on_an_older_processor(render, nurseries, tmp_path, processor):
    project, nursery = render(extras=["ema"]), nurseries(processor)
    given = arguments(SETTINGS | NARROW["image_classification"])
    for run, kills in (("whole", {}), ("killed", {0: (LINE, 15)}), ("killed", {})):
        life = nursery.live(project, tmp_path / run, "train", *given, kills=kills)
        assert life.codes == [-9 if kills else 0], life.output
    assert not differences(*(tmp_path / run / "here/runs/run" for run in ("whole", "killed")))


@pytest.mark.deep
@pytest.mark.parametrize("width", range(1, 9))
def test_no_start_of_image_classification_crashes(render, nurseries, tmp_path, width):
    """25 short runs, each with other shapes; a heap that was written over shows in some only."""
    for number in range(25):
        settings = {
            "name": f"run-{number}",
            "duration": "4 steps",
            "schedule.warmup": "0 steps",
            "model.width": str(width),
            "model.stages": str(2 + number % 3),
            "model.blocks": str(1 + number % 2),
            "data.batch_size": str((16, 32, 64, 100, 128)[number % 5]),
            "seed": str(number),
        }
        life = nurseries("AVX2").live(render(), tmp_path, "train", *arguments(settings))
        assert life.codes == [0], life.output
