"""What isn't understood is refused in one line that names the key and what is allowed."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--optim.lrr", "1"], ["argument", "optim.lrr", "did you mean optim.lr"]),
        (["--optim.lr", "fast"], ["argument", "optim.lr", "fast"]),
        (["--optim.lr=-1"], ["argument", "optim.lr", "a number >0"]),
        (["--optim.lr", "inf"], ["argument", "optim.lr", "a number >0"]),
        (["--optim.lr", ".inf"], ["argument", "optim.lr", "finite"]),
        (["--optim", "1"], ["argument", "optim", "section"]),
        (["--seed"], ["argument", "seed", "no value"]),
        (["extra", "words"], ["argument", "extra", "--key VALUE"]),
        (["--duration", "5"], ["argument", "duration", "`5 steps` or `5 epochs`"]),
        (["--precision", "no"], ["argument", "precision", "allowed: auto, fp32"]),
        (["--precision", "fp16"], ["precision", "needs a GPU"]),
        (["--optim.name", "Adamm"], ["optim.name", "did you mean Adam", "SGD"]),
        (["--optim.args", "{momentun: 0.9}", "--optim.name", "SGD"], ["optim.args", "momentum"]),
        (["--optim.args", "{betas: 3}"], ["optim.args: betas: 3", "[a number, a number]"]),
        (["--optim.args", "{betas: [9, 9]}"], ["optim.args", "refuses"]),
        (["--optim.lr_scale", "{nothing: 0.1}"], ["optim.lr_scale", "nothing"]),
        (["--optim.lr_scale", "{(: 0.1}"], ["optim.lr_scale", "'('", "no pattern"]),
        (["--schedule.name", "cosin"], ["schedule.name", "did you mean cosine"]),
        (["--schedule.args", "{gama: 1}"], ["schedule.args", "gama"]),
        (["--schedule.args", "{T_max: long}"], ["schedule.args: T_max: 'long'", "whole number"]),
        (["--schedule.args", "{T_max: 0}"], ["schedule.args", "refuses"]),
        (["--schedule.warmup", "99 epochs"], ["schedule.warmup", "99 epochs"]),
        (["--optim.clip_value", "1", "--optim.clip_norm", "1"], ["clip_norm", "clip_value"]),
        (["--config", "missing.yaml"], ["missing.yaml"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_refuses(module, arguments, words):
    with pytest.raises(module("core.errors").UserError) as caught:
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
        ("optim: {lr: null}", ["optim.lr: null", "a number >0"]),
        ("optim: {args: null}", ["optim.args: null", "{name: any value}"]),
        ("optim:\n  lr: 1\noptim:\n  name: SGD\n", ["optim stands twice, in lines 1 and 3"]),
        ("optim:\n  args: {eps: 1, eps: 2}\n", ["optim.args.eps", "lines 2 and 2"]),
        ("optim:\n\tlr: 1\n", ["line 2", "spaces"]),
        ("optim: [1]", ["optim: [1]", "section"]),
        ("seed: {is: 1}", ["seed: {'is': 1}", "a whole number"]),
        ("seed: true", ["seed: true", "a whole number"]),
        ("duration: 22", ["duration", "write `22 steps` or `22 epochs`"]),
        ("1: 2", ["line 1", "a text"]),
        ("seed: &one 1\nkeep: *one", ["line 2", "aliases"]),
        ("optim: [\n", ["line 2"]),
        ("just words\n", ["no settings"]),
    ],
)
def test_refuses_in_a_file_by_its_name(module, text, words):
    Path("mine.yaml").write_text(text)
    with pytest.raises(module("core.errors").UserError) as caught:
        module("train").main(["--config", "mine.yaml"])
    for word in ["mine.yaml", *words]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_reads_what_is_meant(module, encoding):
    text = "model:\noptim: {lr: 1e-4}\noptim.args.eps: 1e-7\ndata.holdout: 0.3\nname: no\n"
    Path("mine.yaml").write_text(text, encoding)
    cfg = module("config").parse_config(["--config=mine.yaml", "--optim.args.amsgrad=true"])
    assert (cfg.optim.lr, cfg.optim.args) == (1e-4, {"eps": 1e-7, "amsgrad": True})
    assert (cfg.data.holdout, cfg.name) == (0.3, "no")


def test_a_path_is_not_empty_and_may_begin_at_home(module):
    fit = module("core.values").fit
    assert fit("key", "~/é", Path | None) == Path.home() / "é"
    with pytest.raises(ValueError, match="key: ''; allowed: a path or null"):
        fit("key", "", Path | None, text=True)


def test_mistake_is_one_line_and_exit_code_2(command):
    done: subprocess.CompletedProcess = command("train", "--optim.lrr", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not Path("runs").exists()


def test_resolved_config_is_a_valid_input(module):
    config = module("config")
    cfg = config.parse_config(["--optim.args", "{betas: [0.9, 0.95]}"])
    Path("resolved.yaml").write_text(module("core.settings").to_yaml(cfg))
    assert config.parse_config(["--config", "resolved.yaml"]) == cfg


def test_unknown_monitor_is_refused_before_the_first_step(train, module):
    with pytest.raises(
        module("core.errors").UserError, match=r"monitor: 'nothing'; allowed: .*loss"
    ):
        train("--monitor", "nothing")


def test_changed_settings_are_refused_in_an_old_run(train, module):
    assert train() == 0
    with pytest.raises(module("core.errors").UserError, match="seed"):
        train("--seed", "1")
