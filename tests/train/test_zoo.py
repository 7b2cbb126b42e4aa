"""Other people's models, a few lines each: the same on one process and two, or one line says no."""

from pathlib import Path
from signal import SIGTERM

import pytest
from drills import LINE, Life, differences, edited, json_lines
from safetensors.torch import load_file
from torch.testing import assert_close

pytestmark = [pytest.mark.drill, pytest.mark.slow]

STEPS = 6
# Weight decay would move a parameter that has a gradient of 0 where it should have none.
SETTINGS = {
    "name": "run",
    "duration": f"{STEPS} steps",
    "log_every": "1 step",
    "save_every": "2 steps",
    "eval_every": "3 steps",
    "schedule.warmup": "0 steps",
    "optim.lr": "0.01",
    "optim.weight_decay": "0.1",
}
SIZE = 32
"""examples of a step"""

# What is added to the end of model.py: layers, what is made of them, and the network.

NET = """
import dataclasses

import torch


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(64, 16), nn.Linear(16, 10)
        self.add()

    def add(self):
        pass

    def features(self, x):
        return self.body(x.flatten(1)).tanh()

    def forward(self, x):
        return self.head(self.features(x))


def build_model(cfg, spec):
    return Net()
"""


def zoo(*lines: str, forward: str = "", after: str = "") -> str:
    """Return a network with lines at the end of its __init__, and another forward."""
    text = NET.replace("        pass\n", "".join(f"        {line}\n" for line in lines or ["pass"]))
    if forward:
        text = text.replace("return self.head(self.features(x))", forward)
    return text + after


ALIKE = {
    "plain": zoo(),
    "unreached": zoo("self.spare = nn.Linear(16, 3)"),
    "unreached output": zoo(
        "self.spare = nn.Linear(16, 3)",
        forward="h = self.features(x); return self.head(h), self.spare(h)",
        after="""
score_one, tally_one = score, tally


def score(outputs, batch):
    return score_one(outputs[0], batch)


def tally(outputs, batch, real):
    return tally_one(outputs[0], batch, real)
""",
    ),
    "frozen body": zoo("self.body.requires_grad_(False)"),
    "tied": zoo(
        "self.other = nn.Linear(16, 16)",
        "self.again = nn.Linear(16, 16)",
        "self.again.weight = self.other.weight",
        forward="return self.head(self.again(self.other(self.features(x)).tanh()))",
    ),
    "unsaved buffer": zoo(
        "self.register_buffer('scale', torch.full((16,), 0.5), persistent=False)",
        forward="return self.head(self.features(x) * self.scale)",
    ),
    "dict": zoo(
        forward="return {'logits': self.head(self.features(x)), 'hidden': None}",
        after="""

def predict(model, batch):
    return model(batch["image"])["logits"]
""",
    ),
    "dataclass": zoo(
        forward="return Output(self.head(self.features(x)))",
        after="""

@dataclasses.dataclass
class Output:
    logits: Tensor


def predict(model, batch):
    return model(batch["image"]).logits
""",
    ),
    "numbers": zoo(
        "self.order = nn.Parameter(torch.arange(15, -1, -1), requires_grad=False)",
        "self.kept = nn.Parameter(torch.arange(16) > 2, requires_grad=False)",
        forward="return self.head(self.features(x)[:, self.order] * self.kept)",
    ),
    "complex": zoo(
        "self.turn = nn.Parameter(torch.ones(16, dtype=torch.complex64))",
        "self.register_buffer('phase', torch.ones(16, dtype=torch.complex64))",
        forward="return self.head((self.features(x) * self.turn * self.phase).real)",
    ),
}
"""networks that train on two processes as on one"""
BRANCH = """h, ink = self.features(x), x.flatten(1).mean(1)
        some = ink {condition}
        out = self.head(h)
        return out.index_add(0, some.nonzero()[:, 0], self.rare(h[some])) if some.any() else out"""
"""a branch for images whose mean is so"""


def branched(condition: str) -> str:
    """Return a network that takes some images through one layer more, if there are any."""
    forward = BRANCH.replace("{condition}", condition)
    return zoo("self.rare = nn.Linear(16, 10)", forward=forward)


RARE = branched("> -0.5")
"""each step but the third has such images, on one of two processes"""
LATER = branched("> -0.62")
"""both processes have some in the first two steps, and the first of them none in the third"""
REFUSED = {
    "frozen": (zoo("self.requires_grad_(False)"), "no parameter to train (one with requires_grad)"),
    "lazy": (zoo("self.head = nn.LazyLinear(10)"), "head.weight has no size before a batch"),
    "detached": (
        zoo(forward="return self.head(self.features(x)).detach()"),
        "the loss depends on no parameter that is to be trained",
    ),
    "one value": (
        zoo(
            "self.norm = nn.BatchNorm1d(16)",
            forward="return self.head(self.norm(self.body(x.flatten(1))))",
        ),
        "batch normalisation needs several values per channel; raise batch_size",
    ),
}
"""networks that can't train, and what says so"""


@pytest.fixture(params=["one_device", "multi_gpu"])
def hardware(request) -> str:
    """Give what a project is for: of several GPUs, it averages gradients as they are computed."""
    return request.param


@pytest.fixture
def live(render, nursery, tmp_path, hardware):
    """Give a function that trains a network and returns what happened and the run's folder."""
    known = {}

    def lived(text: str, name: str, processes: int = 1, **options) -> tuple[Life, Path]:
        if text not in known:
            known[text] = edited(
                render(hardware=hardware), tmp_path / f"project-{len(known)}", model=text
            )
        settings = SETTINGS | {"data.batch_size": str(SIZE // processes)} | options.pop("set", {})
        words = [word for key, value in settings.items() for word in (f"--{key}", value)]
        folder = tmp_path / name
        life = nursery.live(
            known[text], folder, "train", *words, processes=processes, compiles=False, **options
        )
        return life, folder / "here/runs/run"

    return lived


def curve(run: Path) -> list[float]:
    """Return the losses of a run's steps and evaluations."""
    lines = json_lines(run / "metrics.jsonl")
    return [line[n] for line in lines for n in ("train/loss", "eval/loss") if n in line]


def assert_same_on_two(live, text: str, **options) -> str:
    """Train on one process, on two, and on two with a kill; return what the second said."""
    (one, alone), (two, both) = (live(text, str(n), n, **options) for n in (1, 2))
    assert one.codes == [0] and two.codes == [0, 0], one.output + two.output
    assert len(curve(alone)) == STEPS + 2
    assert curve(alone) == pytest.approx(curve(both), rel=1e-5)
    last = f"checkpoints/step-{STEPS:08d}/model.safetensors"
    assert_close(*(load_file(run / last) for run in (alone, both)), rtol=1e-3, atol=1e-5)
    kill = {"kills": {0: (LINE, 4)}, "together": True}
    killed, _ = live(text, "killed", 2, **options, **kill)
    again, resumed = live(text, "killed", 2, **options)
    assert any(killed.codes) and again.codes == [0, 0], again.output
    assert not differences(both, resumed)
    return two.output


@pytest.mark.parametrize("name", ALIKE)
def test_network_is_the_same_on_two_processes(name, live, hardware, drill):
    with drill("zoo, 1 and 2 processes"):
        said = assert_same_on_two(live, ALIKE[name])
        warned = [line for line in said.splitlines() if "spare" in line]
        waits = hardware == "multi_gpu" and name.startswith("unreached")
        assert bool(warned) == waits, said
        assert not warned or "the loss doesn't reach spare.weight and 1 more" in warned[0]


def test_batch_normalisation_is_said_to_be_by_process(live, drill):
    """It trains and resumes, on another curve; synchronised, which torch can't do on a CPU, not."""
    text = zoo(
        "self.norm = nn.BatchNorm1d(16)",
        forward="return self.head(self.norm(self.features(x)))",
    )
    together = {"optim.sync_batch_norm": "true"}
    with drill("zoo, batch normalisation"):
        (one, alone), (two, both) = (live(text, str(n), n) for n in (1, 2))
        assert one.codes == [0] and two.codes == [0, 0]
        assert "by process" in two.output and "by process" not in one.output
        killed, _ = live(text, "killed", 2, kills={0: (LINE, 4)}, together=True)
        again, resumed = live(text, "killed", 2)
        assert any(killed.codes) and again.codes == [0, 0] and not differences(both, resumed)
        life, run = live(text, "one-together", set=together)
        assert life.codes == [0] and curve(run) == curve(alone)
        life, _ = live(text, "together", 2, set=together)
        assert 2 in life.codes and "Traceback" not in life.output
        assert life.codes[0] != 2 or "optim.sync_batch_norm: torch has it for GPUs" in life.output


def test_branch_that_is_taken_sometimes(live, hardware, drill):
    """Where it is taken in no example, its weights don't even decay, on one process and two."""
    with drill("zoo, branches"):
        said = assert_same_on_two(live, RARE)
        waits = hardware == "multi_gpu"
        assert ("the loss doesn't reach rare.weight and 1 more" in said) == waits


def test_branch_that_is_left_out_later(live, hardware, drill):
    with drill("zoo, branches"):
        if hardware == "one_device":  # where nothing waits for it
            assert_same_on_two(live, LATER)
            return
        life, run = live(LATER, "sum", 2)
        assert all(life.codes) and not life.forced
        assert "error: a batch's loss doesn't reach rare.weight" in life.output
        assert "set optim.overlap to false" in life.output and "Traceback" not in life.output
        assert len(curve(run)) == 2
        assert_same_on_two(live, LATER, set={"optim.overlap": "false"})


@pytest.mark.parametrize("name", REFUSED)
def test_network_that_can_not_train_is_refused(name, live, drill):
    text, words = REFUSED[name]
    with drill("zoo, refused"):
        for processes in (1, 2):
            one = {"set": {"data.batch_size": "1"}} if name == "one value" else {}
            life, run = live(text, str(processes), processes, **one)
            assert 2 in life.codes and {*life.codes} <= {2, -SIGTERM}
            lines = [x for x in life.output.splitlines() if x.startswith("error: ")]
            # The first process tells, unless the other's end ends it before.
            assert len(lines) <= 1 and (lines or life.codes[0] != 2)
            assert all(words in line for line in lines) and "Traceback" not in life.output
            assert not (run / "metrics.jsonl").exists() or not curve(run)
