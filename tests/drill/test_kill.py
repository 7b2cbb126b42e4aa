"""The kill drill: a run that was killed, however often, ends as if it never had been."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import covertable
import pytest
import rows
from drills import CLOCK, Life, differences, environment, json_lines
from launched import Launched

pytestmark = [pytest.mark.drill, pytest.mark.slow]

PLACES = ("checkpoint", "evaluation", "records", "loop", "start", CLOCK)
"""where kills come; all but those of the start after the first step"""
FILES = {"checkpoint.py": "checkpoint", "evaluate.py": "evaluation", "trackers": "records"}
FILES |= {"files.py": "checkpoint"} | dict.fromkeys(
    ("metrics.py", "log.py", "run_folder.py", "manifest.py"), "records"
)
"""the place of a file or folder of the package; the others are the loop's"""
FACTORS = {
    "processes": [1, 2],
    "workers": [0, 2],
    "accumulate": [1, 3],
    "precision": ["fp32", "bf16"],
} | {name: [False, True] for name in rows.factors() if name.startswith(("extras/", "early_"))}
PLAIN = {name: values[0] for name, values in FACTORS.items()}
COUNT, WINDOW, EPOCH, STEPS = 1228, 144, 9, 24
"""samples of a pass and of an optimizer step; steps of a pass and of a run"""
SETTINGS = {
    "name": "run",
    "duration": f"{STEPS} steps",
    "log_every": "1 step",
    "eval_every": "5 steps",
    "save_every": "7 steps",
    "schedule.warmup": "3 steps",
    "model.width": "4",
    "model.dropout": "0.3",
}
KILLED = (-signal.SIGKILL, -signal.SIGALRM)
OF_ANSWER = {
    # Nothing improves by that much, so that the fourth evaluation ends the run.
    "early_stopping": {"early_stopping.min_delta": "9", "early_stopping.patience": "3"},
    "extras/augment": {"data.augment.flip": "0.5", "data.augment.erase": "0.5"},
}
KILLS = 4
"""of each row in the long form"""


def covering(strength: int, factors: dict[str, list]) -> list[dict]:
    """Give rows that hold every pair (or triple) of the factors' values that goes together."""
    constraints = [
        {
            "operator": "fn",
            "requires": sorted(factors.keys() & set(rule.factors)),
            "evaluate": lambda row, rule=rule: not rule.refuses(rows.LEAN | dict(row)),
        }
        for rule in rows.rules()
        if factors.keys() & set(rule.factors)
    ]
    made = covertable.make(factors, strength=strength, constraints=constraints)
    return [{factor: row[factor] for factor in factors} for row in made]


SHORT = covering(2, FACTORS)
FIRST = next(row for row in SHORT if row["processes"] == 2 and row["precision"] == "fp32")
"""fp32, for bf16 is slow without AVX-512"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Draw the rows of the long form where it is asked for, for they take a while."""
    if "long" in metafunc.fixturenames:
        marks = metafunc.config.option.markexpr
        asked = "not deep" not in marks and "full" not in marks
        wide = FACTORS | {"processes": [1, 2, 3], "place": list(PLACES)}
        drawn = covering(3, wide) if asked else []
        assert not asked or len(drawn) * KILLS >= 200
        metafunc.parametrize(("number", "long"), list(enumerate(drawn)), ids=map(name, drawn))


def name(row: dict) -> str:
    """Give a row's test id."""
    words = [f"{row['processes']}p", f"{row['workers']}w", f"{row['accumulate']}x"]
    words += [str(value) for value in row.values() if isinstance(value, str)]
    return "-".join(words + [factor for factor, value in row.items() if value is True])


class Scenario:
    """A run of a row's settings, and how others of the same settings are killed and compared."""

    def __init__(
        self, row: dict, number: int, render, nursery, folder: Path, teacher=None, compiles=True
    ):
        self.row, self.processes, self.nursery, self.folder = row, row["processes"], nursery, folder
        self.compiles = compiles
        self.random = random.Random(number)
        # The loader has workers where there are samples to read.
        given = rows.LEAN | {"sources/folder": True}
        given |= {name: value for name, value in row.items() if name in rows.LEAN}
        for question in ("optimizer", "schedule"):  # each answer in its turn
            answers = rows.factors()[question]
            given[question] = answers[number % len(answers)]
        self.project = render(**rows.answers(given | {"precision": rows.LEAN["precision"]}))
        self.settings = SETTINGS | {
            "precision": row["precision"],
            "data.workers": row["workers"],
            "optim.accumulate": row["accumulate"],
            "data.batch_size": WINDOW // row["accumulate"] // self.processes,
        }
        quick = rows.quick([name.partition("/")[2] for name, value in row.items() if value is True])
        self.settings |= {"compile.backend": quick[1]} if quick else {}
        if row.get("extras/distillation"):
            self.settings |= {"distillation.teacher": teacher(given["task"])}
        for answer in OF_ANSWER.keys() & {name for name, value in row.items() if value is True}:
            self.settings |= OF_ANSWER[answer]
        self.whole = self.live("whole", watched=True)
        assert not any(self.whole.codes), self.whole.output
        self.steps = len(self.whole.order[0])
        check_order(self.whole.order)

    def live(self, run: str, **options) -> Life:
        """Start a run, or go on with it."""
        words = [each for key, value in self.settings.items() for each in (f"--{key}", str(value))]
        options |= {"processes": self.processes, "compiles": self.compiles}
        return self.nursery.live(self.project, self.folder / run, "train", *words, **options)

    def kill(self, run: str, places: Sequence[str]) -> Counter:
        """Kill a run in one place after the other, let it end, and return what was seen."""
        seen, reached = Counter(), 0
        for place in [*places, None]:
            saved = newest(self.folder / run)
            kills = self.draw(place, saved) if place else {}
            life = self.live(run, kills=kills, together=self.random.random() < 1 / 3)
            ended = self.follow(life, saved, reached)
            reached = max(reached, ended)
            if not any(life.codes):
                break
            assert kills, f"left alone, it ended with {life.codes}:\n{life.output}"
            told = f"{kills}: {life.codes}\n{life.output}"
            assert all(life.codes[rank] in KILLED for rank in kills), told
            # A rank that has lost another ends with 1, one that was in time to save with 75.
            assert {*life.codes} <= {0, 1, 75, -signal.SIGTERM, *KILLED}, told
            seen += Counter({"kills": 1, place: 1, "in a later pass": ended > EPOCH})
            seen["outlived"] += life.forced
        self.check(run)
        return seen

    def draw(self, place: str, saved: int) -> dict[int, tuple[str, float]]:
        """Draw which rank is killed when: at an event in a file of the place, or at a second."""
        left = 1 - saved / self.steps
        ranks = self.random.sample(range(self.processes), self.processes)
        if place == CLOCK:  # to be watched had doubled the time
            return {ranks[0]: (CLOCK, self.random.uniform(0.1, self.whole.seconds * left / 2))}
        for rank in ranks:  # only the first one writes checkpoints
            ranges = []
            for file, (before, total) in sorted(self.whole.events[rank].items()):
                if place == "start" or not left:
                    ranges.append((file, 1, before))
                elif FILES.get(file.split("/")[0], "loop") == place:
                    ranges.append((file, before + 1, before + math.ceil((total - before) * left)))
            if ranges := [(file, first, last) for file, first, last in ranges if first <= last]:
                file, first, last = self.random.choice(ranges)
                return {rank: (file, self.random.randint(first, last))}
        raise AssertionError(f"nothing has happened in {place}")

    def follow(self, life: Life, saved: int, reached: int) -> int:
        """Check that a life went on from what was saved, with the samples of those very steps.

        Returns the step it ended in; `reached` is the last one that any life ended in.
        """
        firsts, ended = set(), saved
        for mine, whole in zip(life.order, self.whole.order, strict=True):
            if mine:
                first = whole.index(mine[0])
                assert mine == whole[first : first + len(mine)]
                firsts.add(first)
                ended = max(ended, first + len(mine))
        assert len(firsts) < 2 and all(saved <= first <= reached for first in firsts)
        return ended

    def launch(self, run: str, step: int) -> int:
        """Give the user's own command, and kill it, or a rank of it, some moment after a step.

        Returns 1 if it was killed, 0 if it ended before that.
        """
        own = environment(self.project, self.folder / run)
        options = {"processes": self.processes, "environment": own, **self.settings}
        command = Launched(self.project, self.folder / run, **options)
        while command.process.poll() is None:
            time.sleep(self.random.uniform(0, 0.05))
            lines = json_lines(command.here / "runs/run/metrics.jsonl")
            if max((line["step"] for line in lines), default=0) > step:
                ranks = command.ranks() or [command.process]  # torchrun has yet to start them
                machine = [command.process, *ranks]
                for each in self.random.choice([machine, [self.random.choice(ranks)]]):
                    each.kill()
                assert command.wait(), command.output()
                return 1
        assert not command.wait(), command.output()
        return 0

    def check(self, run: str) -> None:
        """Check that a run ended as the one that was left alone, and left nothing elsewhere."""
        whole, killed = self.folder / "whole", self.folder / run
        assert not differences(whole / "here/runs/run", killed / "here/runs/run")
        assert beside(whole) == beside(killed) == {"here/runs"}


def check_order(order: list[list]) -> None:
    """Check that a pass has each sample once, and that the ranks share each step's among them."""
    for passes in range(2):
        keys = [key for step in order[0][passes * EPOCH :][:EPOCH] for key in step[0]]
        assert sorted(keys) == [*range(passes * COUNT, passes * COUNT + COUNT)]
    for ranks in zip(*order, strict=True):
        taken = [key for _, batches in ranks for batch in batches for key in batch]
        assert all(sorted(whole) == sorted(taken) for whole, _ in ranks)


def newest(folder: Path) -> int:
    """Return the step of the newest checkpoint that has its name; 0 if there is none."""
    names = [path.name for path in folder.glob("here/runs/run/checkpoints/step-*")]
    return int(max(names, default="step-0").removeprefix("step-"))


def beside(folder: Path) -> set[str]:
    """Return what else was written: beside the run, in the home and as temporary files."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    # The trackers' own, what Python and torch leave in any case, and what the harness writes.
    left = ("here/runs/run", "here/runs/trackio", "tmp/pymp-", "tmp/torch", "life-")
    return {name for name in found if "/" in name and not name.startswith(left)}


@pytest.mark.parametrize(
    ("number", "row"),
    [
        pytest.param(number, row, id=name(row), marks=[pytest.mark.first] if row == FIRST else [])
        for number, row in enumerate(SHORT)
    ],
)
def test_killed_run_ends_as_if_it_never_had_been(
    number, row, render, nursery, teacher, drill, tmp_path
):
    with drill("kill, every pair") as seen:
        # Tracing the model would take most of the time: what is compiled resumes in the long form.
        scenario = Scenario(row, number, render, nursery, tmp_path, teacher, compiles=False)
        seen.update(scenario.kill("killed", [PLACES[2 * number % 6], PLACES[2 * number % 6 + 1]]))


@pytest.mark.deep
def test_often_killed_run_ends_as_if_it_never_had_been(
    number, long, render, nursery, teacher, drill, tmp_path
):
    scenario, kills = Scenario(long, number, render, nursery, tmp_path, teacher), 0
    for trial in range(3 * KILLS):  # a run may end before its clock says so
        if kills < KILLS:
            with drill("kill, every triple") as seen:
                seen.update(scenario.kill(f"killed-{trial}", [long["place"]] * (KILLS - kills)))
                kills += seen["kills"]
    assert kills == KILLS


@pytest.mark.deep
def test_last_save_cut_short_is_made_good_at_the_next_start(render, nursery, drill, tmp_path):
    """No later save would make good what it leaves: kills all along its end."""
    scenario = Scenario(PLAIN, 0, render, nursery, tmp_path)
    _, last = scenario.whole.events[0]["checkpoint.py"]
    for before in range(0, 150, 15):
        with drill("kill, last save") as seen:
            run = f"killed-{before}"
            life = scenario.live(run, kills={0: ("checkpoint.py", last - before)})
            assert life.codes == [-signal.SIGKILL]
            seen["kills"] += 1
            assert scenario.live(run).codes == [0]
            scenario.check(run)


@pytest.mark.deep
def test_saves_before_damaged_ones_are_kept(render, nursery, drill, tmp_path):
    """A run whose checkpoints are all damaged starts anew; killed, it goes on from its new ones."""
    with drill("kill, damaged checkpoints") as seen:
        scenario = Scenario(PLAIN, 0, render, nursery, tmp_path)
        assert scenario.live("killed").codes == [0]
        for path in (tmp_path / "killed/here/runs/run/checkpoints").glob("*/state.pt"):
            path.write_bytes(path.read_bytes()[:-100])
        before, total = scenario.whole.events[0]["step.py"]
        life = scenario.live("killed", kills={0: ("step.py", (before + total) // 2)})
        assert life.codes == [-signal.SIGKILL]
        seen["kills"] += 1
        life = scenario.live("killed")
        assert life.codes == [0]
        assert len(life.order[0]) < STEPS
        scenario.check("killed")


@pytest.mark.parametrize(
    ("processes", "kills"),
    [(1, 1), *(pytest.param(count, 4, marks=pytest.mark.deep) for count in (1, 2))],
)
def test_killed_command_ends_as_if_it_never_had_been(
    processes, kills, render, nursery, drill, tmp_path
):
    """The same with the user's own command lines, which shows that the harness is true to them."""
    with drill("kill, torchrun" if processes > 1 else "kill, python -m") as seen:
        row = PLAIN | {"processes": processes}
        scenario = Scenario(row, kills, render, nursery, tmp_path)
        for _ in range(kills):
            step = scenario.random.randrange(newest(tmp_path / "killed"), STEPS - 2)
            seen["kills"] += scenario.launch("killed", step)
        assert not scenario.launch("killed", STEPS)
        scenario.check("killed")


@pytest.mark.deep
def test_trackers_go_on_with_a_killed_run(render, nursery, drill, tmp_path):
    """TensorBoard has each step once; Trackio one run, without what it had yet to send."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    row = PLAIN | {"trackers/tensorboard": True, "trackers/trackio": True}
    with drill("kill, trackers") as seen:
        scenario = Scenario(row, 0, render, nursery, tmp_path)
        seen.update(scenario.kill("killed", ["records", "loop", CLOCK, "checkpoint"]))
        runs = tmp_path / "killed/here/runs"
        lines = [line for line in json_lines(runs / "run/metrics.jsonl") if "train/loss" in line]
        told = {line["step"]: line["train/loss"] for line in lines}
        events = EventAccumulator(str(runs / "run")).Reload().Scalars("train/loss")
        assert [event.step for event in events] == [*told]
        assert [event.value for event in events] == pytest.approx([*told.values()])
        code = "from trackio.sqlite_storage import SQLiteStorage as S; import json"
        code += "; print(json.dumps([S.get_runs('digits'), S.get_logs('digits', 'run')]))"
        ask = [sys.executable, "-c", code]
        environment = os.environ | {"TRACKIO_DIR": str(runs / "trackio")}
        names, logs = json.loads(subprocess.check_output(ask, env=environment))
        assert names == ["run"]
        sent = {(line["step"], line["train/loss"]) for line in logs if "train/loss" in line}
        assert (STEPS, told[STEPS]) in sent and sent <= told.items()
