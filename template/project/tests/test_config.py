"""What isn't understood is refused in one line that names the key and what is allowed."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--optim.lrr", "1"], ["argument", "optim.lrr", "did you mean optim.lr"]),
        (["--optim.lr", "fast"], ["argument", "optim.lr", "fast"]),
        (["--optim.lr=-1"], ["argument", "optim.lr", ">0"]),
        (["--duration", "5"], ["argument", "duration", "steps or epochs"]),
        (["--precision", "no"], ["argument", "precision", "allowed: auto, fp32"]),
        (["--precision", "fp16"], ["precision", "needs a GPU"]),
        (["--optim.name", "Adamm"], ["optim.name", "did you mean Adam", "SGD"]),
        (["--optim.args", "{momentun: 0.9}", "--optim.name", "SGD"], ["optim.args", "momentum"]),
        (["--optim.lr_scale", "{nothing: 0.1}"], ["optim.lr_scale", "nothing"]),
        (["--optim.lr_scale", "{(: 0.1}"], ["optim.lr_scale", "'('", "no pattern"]),
        (["--schedule.name", "cosin"], ["schedule.name", "did you mean cosine"]),
        (["--schedule.args", "{gama: 1}"], ["schedule.args", "gama"]),
        (["--schedule.warmup", "99 epochs"], ["schedule.warmup", "99 epochs"]),
        (["--optim.clip_value", "1", "--optim.clip_norm", "1"], ["clip_norm", "clip_value"]),
        (["--config", "missing.yaml"], ["missing.yaml"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_refuses(module, arguments, words):
    with pytest.raises(module("errors").UserError) as caught:
        module("train").main(["--duration", "30 steps", *arguments])
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(Path().glob("runs/*"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optim:\n  lrr: 1\n", ["optim.lrr", "did you mean optim.lr"]),
        ("optim:\n  lr: fast\n", ["optim.lr", "fast"]),
        ("optim: [\n", ["line 2"]),
        ("just words\n", ["no settings"]),
    ],
)
def test_refuses_in_a_file_by_its_name(module, text, words):
    Path("mine.yaml").write_text(text)
    with pytest.raises(module("errors").UserError) as caught:
        module("train").main(["--config", "mine.yaml"])
    for word in ["mine.yaml", *words]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mistake_is_one_line_and_exit_code_2(command):
    done: subprocess.CompletedProcess = command("train", "--optim.lrr", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not Path("runs").exists()


def test_resolved_config_is_a_valid_input(module):
    config = module("config")
    cfg = config.parse_config("train", ["--optim.args", "{betas: [0.9, 0.95]}"])
    Path("resolved.yaml").write_text(config.to_yaml(cfg))
    assert config.parse_config("train", ["--config", "resolved.yaml"]) == cfg


def test_unknown_monitor_is_refused_before_the_first_step(train, module):
    with pytest.raises(module("errors").UserError, match=r"monitor: 'nothing'; allowed: .*loss"):
        train("--monitor", "nothing")


def test_changed_settings_are_refused_in_an_old_run(train, module):
    assert train() == 0
    with pytest.raises(module("errors").UserError, match="seed"):
        train("--seed", "1")
