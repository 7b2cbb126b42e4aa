"""The elastic drill: a run goes on with other processes, and by itself when one of them dies."""

import json
import signal

import pytest
from drills import differences, json_lines, timeless
from launched import Launched

pytestmark = [pytest.mark.drill, pytest.mark.slow]

COMMON = {
    "name": "run",
    "duration": "30 steps",
    "log_every": "1 step",
    "save_every": "5 steps",
    "model.width": "4",
    "model.dropout": "0",
    # With a large rate the differences in rounding would grow with every step.
    "optim.lr": "1e-4",
}
SPREADS = {1: {"data.batch_size": "60"}, 2: {"data.batch_size": "30"}, 3: {"data.batch_size": "20"}}
"""the same 60 examples per step, by the number of processes"""
CHAINS = {"1 to 2": (1, 2), "2 to 1": (2, 1), "2 to 3 to 1": (2, 3, 1)}
RESTARTS = ("--max-restarts=2",)
OWN_STORE = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


@pytest.mark.parametrize(
    "chain", [pytest.param(k, marks=[pytest.mark.deep] if k != "2 to 1" else []) for k in CHAINS]
)
def test_curve_goes_on_with_other_processes(render, nursery, tmp_path, drill, chain):
    with drill("elastic: other processes") as seen:
        whole = nursery.live(render(), tmp_path / "whole", "train", *flags(COMMON | SPREADS[1]))
        assert whole.codes == [0], whole.output
        for place, processes in enumerate(CHAINS[chain]):
            last = place == len(CHAINS[chain]) - 1
            settings = COMMON | SPREADS[processes]
            life = nursery.live(
                render(),
                tmp_path / "run",
                "train",
                *flags(settings),
                processes=processes,
                kills={} if last else {0: ("metrics.py", 150)},
                together=True,
            )
            seen["resumes"] += place > 0
            assert (life.codes == [0] * processes) == last, life.output
        runs = [tmp_path / name / "here/runs/run" for name in ("whole", "run")]
        one, other = ([timeless(x) for x in json_lines(run / "metrics.jsonl")] for run in runs)
        assert len(one) == len(other) == 32
        for mine, its in zip(one, other, strict=True):
            assert mine == pytest.approx(its, rel=1e-4)


def test_other_examples_per_step_are_refused(render, nursery, tmp_path, drill):
    with drill("elastic: another window refused"):
        settings = flags(COMMON | SPREADS[2])
        killed = nursery.live(
            render(), tmp_path, "train", *settings, processes=2, kills={0: ("metrics.py", 150)}
        )
        assert killed.codes != [0, 0]
        refused = nursery.live(render(), tmp_path, "train", *settings)
        assert refused.codes == [2]
        assert refused.output == (
            "error: runs/run was started with data.batch_size x optim.accumulate x processes 60, "
            "not 30; use the same settings, another --name, or --resume never\n"
        )


@pytest.mark.parametrize(
    "rank", [pytest.param(rank, marks=[pytest.mark.deep] if rank else []) for rank in (0, 1)]
)
def test_torchrun_starts_a_killed_run_again(render, tmp_path, drill, rank):
    settings = COMMON | {"duration": "150 steps", "data.batch_size": "30", "save_every": "20 steps"}
    with drill("elastic: torchrun --max-restarts") as seen:
        whole = Launched(render(), tmp_path / "whole", processes=2, **settings)
        assert whole.wait() == 0, whole.output()
        run = Launched(
            render(),
            tmp_path / "run",
            processes=2,
            options=RESTARTS,
            environment=OWN_STORE,
            **settings,
        )
        for step in (30, 90):
            run.wait_for(f"step {step}/")
            run.ranks()[rank].send_signal(signal.SIGKILL)
            seen["restarts"] += 1
        assert run.wait() == 0, run.output()
        folders = [each.here / "runs/run" for each in (whole, run)]
        assert not differences(*folders)
        assert json.loads((folders[1] / "status.json").read_text())["state"] == "finished"


def flags(settings: dict[str, str]) -> list[str]:
    """Give settings as arguments."""
    return [each for key, value in settings.items() for each in (f"--{key}", value)]
