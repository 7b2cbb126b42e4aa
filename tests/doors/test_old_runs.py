"""Runs that earlier releases began go on with this one: `old_runs` keeps one of each format.

To add one: train as its config.yaml says, delete the last checkpoint, and keep the folder with the
answers and the last scores beside it. Nothing in here is ever written anew.
"""

import json
import shutil
from pathlib import Path

import pytest
from drills import json_lines

pytestmark = [pytest.mark.drill, pytest.mark.slow]

OLD = Path(__file__).parents[1] / "old_runs"
STEPS = 30


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.iterdir()))
def test_old_run_goes_on(render, nursery, tmp_path, drill, name):
    with drill("old checkpoints"):
        run = tmp_path / "here/runs/old"
        shutil.copytree(OLD / name, run)
        # What is an answer now was in every project then.
        answers = json.loads((run / "answers.json").read_text())
        answers["sources"], answers["hardware"] = ["folder", "hub", "stream"], "multi_gpu"
        answers["extras"] = ["augment", *answers.get("extras", [])]
        expected = json.loads((run / "expected.json").read_text())
        life = nursery.live(
            render(**answers), tmp_path, "train", "--config", "runs/old/config.yaml"
        )
        assert life.codes == [0], life.output
        assert len(life.order[0]) == 10
        lines = json_lines(run / "metrics.jsonl")
        found = {
            key: value for line in lines if line["step"] == STEPS for key, value in line.items()
        }
        # Another machine may round otherwise in the ten steps that are left.
        assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-4)
        scores = nursery.live(render(**answers), tmp_path, "evaluate", "--run", "runs/old")
        assert scores.codes == [0], scores.output
