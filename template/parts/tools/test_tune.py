"""The promises of the search: it draws what was asked, trains it as train does, and goes on."""

import argparse
import json
import math
import signal
from pathlib import Path

import optuna
import pytest
from task import SMALL
from test_training import ledger

SHORT = [*SMALL, "--duration", "6 steps", "--eval_every", "6 steps", "--save_every", "3 steps"]
SHORT += ["--log_every", "1 step", "--schedule.warmup", "0 steps"]
SPACE = "{optim.lr: {low: 1e-4, high: 1e-2, log: true}, optim.clip_norm: {low: 1, high: 3}}"


@pytest.fixture
def tune(module, capsys):
    """Return a function that searches in this process, and returns what it tells at last."""

    def run(space: str, *arguments: str, trials: int = 2) -> dict:
        search = ["--search", space, "--trials", str(trials)]
        assert module("tools.tune").main([*search, *SHORT, *arguments]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def trials(name: str) -> list[optuna.trial.FrozenTrial]:
    """Return the trials of a search."""
    return optuna.load_study(study_name=name, storage=f"sqlite:///runs/{name}/study.db").trials


def test_trials_are_runs_of_what_was_drawn(tune, module):
    told = tune(SPACE, "--monitor", "loss", "--mode", "max")
    folders = [Path(f"runs/tune-00{number}") for number in range(2)]
    scores = [json.loads((x / "status.json").read_text())["best"]["loss"] for x in folders]
    found = trials("tune")
    assert [trial.value for trial in found] == scores and len(set(scores)) == 2
    best = scores.index(max(scores))
    assert told == {"best": found[best].params, "score": max(scores), "run": str(folders[best])}
    for folder, trial in zip(folders, found, strict=True):
        optim = module("config").parse_config([], folder / "config.yaml").optim
        assert trial.params == {"optim.lr": optim.lr, "optim.clip_norm": optim.clip_norm}
        assert 1e-4 <= optim.lr <= 1e-2 and optim.clip_norm in (1, 2, 3)


def test_killed_search_goes_on_as_if_it_had_not_been(tune, module, monkeypatch):
    whole = tune(SPACE, "--name", "whole")
    trainer = module("train")
    save, drawn = trainer.save_checkpoint, []

    def save_and_die(root, step, *rest):
        save(root, step, *rest)
        if str(root).endswith("killed-001/checkpoints"):
            raise KeyboardInterrupt

    def reseed(device, seed, step, *rest):
        drawn.append(step)
        module("core.rng").reseed(device, seed, step, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer, "save_checkpoint", save_and_die)
        tune(SPACE, "--name", "killed")
    monkeypatch.setattr(trainer, "reseed", reseed)
    killed = tune(SPACE, "--name", "killed")
    assert drawn == [3, 4, 5], "finished steps were trained again"
    assert killed == whole | {"run": whole["run"].replace("whole", "killed")}
    for number in range(2):
        assert ledger(f"whole-00{number}") == ledger(f"killed-00{number}")
    assert tune(SPACE, "--name", "killed", trials=1) == killed


def test_stopped_search_goes_on_but_another_needs_another_name(tune, module):
    before = signal.getsignal(signal.SIGTERM)
    stop = ["--search", "{optim.lr: [1e-3, 1e-4]}", *SHORT, "--time_limit", "0 s"]
    assert module("tools.tune").main(stop) == module("core.stop").PREEMPTED
    assert signal.getsignal(signal.SIGTERM) == before
    assert trials("tune") == []
    for words, space, *arguments in (
        ("search optim.lr", "{optim.lr: [1e-3, 1e-5]}"),
        ("--sampler tpe, not grid", "{optim.lr: [1e-3, 1e-4]}", "--sampler", "grid"),
        ("seed 0, not 1", "{optim.lr: [1e-3, 1e-4]}", "--seed", "1"),
        ("tune-000 is a run", "{optim.lr: [1e-3, 1e-4]}", "--name", "tune-000"),
    ):
        with pytest.raises(module("core.errors").UserError, match=words):
            tune(space, *arguments)
    assert tune("{optim.lr: [1e-3, 1e-4]}", trials=1)["run"] == "runs/tune-000"
    assert module("tools.tune").main([*stop, "--resume", "never"]) == module("core.stop").PREEMPTED
    assert Path("runs/tune-2-000/config.yaml").exists()


def test_grid_is_all_combinations_and_failed_trials_count(tune, module):
    space = "{optim.lr: [1e-3, 1e30], optim.args: [{betas: [0.8, 0.9]}]}"
    told = tune(space, "--sampler", "grid", "--optim.name", "AdamW", trials=9)
    good, bad = trials("tune")
    assert "checkpoints are from before" in bad.user_attrs["error"]
    cfg = module("config").parse_config([], Path("runs/tune-000/config.yaml"))
    assert cfg.optim.args == {"betas": [0.8, 0.9]} and cfg.optim.lr == 1e-3
    assert told["best"] == good.params and told["score"] == good.value
    space = module("tools.space")
    both = space.read_search("{optim.lr: [1, 2], optim.accumulate: [3, 4, 5]}")
    pairs = [tuple(values.values()) for values in space.grid(both)]
    assert pairs == [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)]


def test_tpe_learns_from_the_trials_before_and_random_does_not(module):
    tune = module("tools.tune")
    space = module("tools.space").read_search("{optim.lr: {low: 1e-6, high: 1, log: true}}")

    def distances(sampler: str, direction: str) -> list[float]:
        asked = argparse.Namespace(sampler=sampler, search=space)
        study = optuna.create_study(direction=direction)
        for _ in range(40):
            params = tune.draw(study, asked, 0)
            assert params == tune.draw(study, asked, 0)
            away = abs(math.log10(params["optim.lr"]) + 2)
            value = away if direction == "minimize" else -away
            trial = optuna.trial.create_trial(params=params, distributions=space, value=value)
            study.add_trial(trial)
        return [abs(math.log10(trial.params["optim.lr"]) + 2) for trial in study.trials]

    for direction in ("minimize", "maximize"):
        assert (
            sum(distances("tpe", direction)[20:]) < sum(distances("random", direction)[20:]) * 0.75
        )
    assert len(set(distances("random", "minimize"))) == 40


def test_search_may_stand_in_a_file(module):
    Path("mine.yaml").write_text(SPACE)
    read = module("tools.space").read_search
    assert read("mine.yaml") == read(SPACE)


@pytest.mark.parametrize(
    ("words", "space", "arguments"),
    [
        ("did you mean optim.lr", "{optim.lrr: [1]}", []),
        ("optim.lr: .*fast", "{optim.lr: [1e-3, fast]}", []),
        ("optim.lr: .* allowed: a number >0", "{optim.lr: {low: -1, high: 1}}", []),
        ("optim.lr: {'low': 2, 'high': 1}", "{optim.lr: {low: 2, high: 1}}", []),
        ("optim.lr: {'low': 0", "{optim.lr: {low: 0, high: 1, log: true}}", []),
        ("a range as", "{optim.lr: {low: 1e-3, hihg: 1}}", []),
        ("a list of values", "{optim.lr: 1e-3}", []),
        ("a list of values", "{optim.lr: []}", []),
        ("monitor is the same", "{monitor: [loss]}", []),
        ("holds no settings", "optim.lr", []),
        ("line 1", "{optim.lr: [", []),
        ("missing.yaml", "missing.yaml", []),
        ("optim.lr is a range", SPACE, ["--sampler", "grid"]),
        ("monitor: 'nothing'; allowed", SPACE, ["--monitor", "nothing"]),
    ],
)
def test_refuses_and_leaves_nothing(tune, module, words, space, arguments):
    with pytest.raises(module("core.errors").UserError, match=words) as caught:
        tune(space, *arguments)
    assert "\n" not in str(caught.value)
    assert not list(Path().glob("runs/*"))


def test_refuses_several_processes(tune, module, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(module("core.errors").UserError, match="one process"):
        tune(SPACE)
