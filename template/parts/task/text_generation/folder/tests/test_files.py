"""The promises of the task on files of text: exact with unequal ones, and it goes on with them."""

from pathlib import Path

import pytest
from task import SMALL
from test_training import CURVE, assert_equal, final_state, ledger

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def lines() -> Path:
    """Return a file of 130 lines of 1 to 30 letters."""
    texts = [(ALPHABET * 2)[number % 26 :][: 1 + number * 7 % 30] for number in range(130)]
    Path("lines.txt").write_text("\n".join(texts))
    return Path("lines.txt")


def test_unequal_texts_weigh_by_their_bytes_however_a_step_is_spread(train, command, lines):
    common = [*CURVE, "--data.root", str(lines), "--data.packed", "false", "--data.holdout", "0.1"]
    assert train(*common, "--data.batch_size", "60", "--name", "one") == 0
    half = [*common, "--data.batch_size", "30"]
    assert train(*half, "--optim.accumulate", "2", "--name", "accumulated") == 0
    done = command("train", *SMALL, *half, "--name", "two", processes=2)
    assert done.returncode == 0, done.stderr
    for other in ("accumulated", "two"):
        for mine, its in zip(ledger("one"), ledger(other), strict=True):
            assert mine == pytest.approx(its, rel=5e-4)


def test_resumes_with_unequal_texts(train, lines):
    common = ["--data.root", str(lines), "--data.packed", "false", "--data.batch_size", "9"]
    assert train(*common, "--name", "whole") == 0
    assert train(*common, "--name", "killed", kill_after=35) is None
    assert train(*common, "--name", "killed", "--data.workers", "2") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_sample_goes_on_as_the_text_does(train, module, capsys, lines):
    def sample(*arguments: str) -> str:
        capsys.readouterr()
        module("sample").main(["--run", "runs/run", *arguments])
        return capsys.readouterr().out.removesuffix("\n")

    Path("alphabet.txt").write_text(ALPHABET * 99)
    fast = ["--optim.lr", "0.01", "--schedule.name", "constant", "--schedule.warmup", "0 steps"]
    small = ["--data.root", "alphabet.txt", "--data.batch_size", "8", "--duration", "60 steps"]
    assert train(*fast, *small) == 0
    likeliest = sample("--prompt", "hijk", "--length", "70", "--top_k", "1")
    assert likeliest == (ALPHABET * 4)[7:81]
    assert sample("--length", "30", "--top_k", "1", "--seed", "5") in ALPHABET * 3
    wild = ["--length", "50", "--temperature", "9", "--seed"]
    assert sample(*wild, "1") == sample(*wild, "1") != sample(*wild, "2")
    assert set(sample(*wild, "1", "--top_k", "2")) != set(sample(*wild, "1"))
