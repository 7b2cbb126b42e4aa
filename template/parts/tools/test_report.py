"""The promises of the page: it shows what runs wrote, says what holds, and needs no other file."""

import json
import math
import re
from pathlib import Path

import pytest

NAN = math.nan
FALLING = [2 * 0.8**number for number in range(12)]


def write(run: Path, **curves: list[float]) -> Path:
    """Write a ledger of curves with a point every 10 steps, and a line that is on its way."""
    run.mkdir(parents=True, exist_ok=True)
    lines = [
        {"step": 10 * number, name.replace("_", "/", 1): None if value is NAN else value}
        for name, values in curves.items()
        for number, value in enumerate(values, start=1)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "metrics.jsonl").write_text(text + '{"step": 130, "tra')
    return run


@pytest.fixture
def diagnose(module):
    """Return a function that gives the sentences on a run with some curves."""

    def run(**curves: list[float]) -> list[str]:
        known = module("tools.curves")
        return [*known.diagnose(known.read_curves(write(Path("runs/made"), **curves)))]

    return run


@pytest.mark.parametrize(
    ("expected", "train", "evaluated"),
    [
        (["Still learning"], FALLING, FALLING),
        ([], FALLING, [1.0] * 12),
        ([], FALLING[:6] + [0.5] * 6, FALLING),
        ([], [*FALLING[:11], -0.1], FALLING),
        ([], FALLING[:3], FALLING[:3]),
        ([], FALLING, []),
        (["Hardly learning"], [2.0, 1.9] * 6, [2.0] * 12),
        (["Hardly learning"], [2.0, NAN] * 6, []),
        ([], [2.0] * 6 + [1.7] * 6, [2.0] * 12),
        (["Overfitting"], FALLING, [2.0, 1.0, 0.9] + [1.0] * 9),
        ([], FALLING, [2.0, 1.0, 0.9] + [0.98] * 9),
        ([], [4.0] * 3 + [1.0] * 3 + [2.6] * 6, [2.0] * 5 + [1.0] + [1.5] * 6),
    ],
)
def test_sentences_stand_where_their_rule_holds(diagnose, expected, train, evaluated):
    said = diagnose(train_loss=train, eval_loss=evaluated, train_grad_norm=[1.0, 2.0])
    assert [sentence.split(":")[0] for sentence in said] == expected


def test_sentences_tell_the_figures(diagnose):
    left_out, overfit = diagnose(
        train_loss=FALLING,
        eval_loss=[2.0, 1.0, 0.8] + [1.0] * 9,
        train_grad_norm=[1.0, NAN, 1.0, NAN],
    )
    assert "2 of the logged ones, first 20," in left_out
    before, after = sum(FALLING[:3]) / 3, sum(FALLING[3:]) / 9
    assert "by 25% from its lowest, at step 30," in overfit
    assert f"fell from {before:.4g} to {after:.4g}." in overfit
    (learning,) = diagnose(train_loss=FALLING, eval_loss=[3.0] * 9 + [2.4] * 3)
    assert "is 49% below that of the third, the evaluation loss 20%" in learning
    (hardly,) = diagnose(train_loss=[2.0] * 6 + [1.9] * 6)
    assert "is 2 in the first quarter and 1.9 in the last" in hardly


def points(page: str, curve: str) -> list[list[float]]:
    """Return where the points of a curve are drawn."""
    (path,) = re.findall(rf'<g id="{re.escape(curve)}">\s*<path d="([^"]*)"', page)
    return [[float(x) for x in point.split()] for point in re.split("[ML]", path) if point.split()]


def test_page_shows_and_compares_the_runs(train, call):
    short = "--duration", "4 steps", "--log_every", "1 step", "--schedule.warmup", "0 steps"
    assert train(*short, "--name", "one") == 0
    assert train(*short, "--name", "other", "--optim.lr", "2e-5") == 0
    (told,) = call("tools.report", "--run", "runs/one", "--run", "runs/other")
    assert told["page"] == "runs/one/report/index.html"
    page = Path(told["page"]).read_text()
    for run in ("one", "other"):
        lines = Path("runs", run, "metrics.jsonl").read_text().splitlines()
        for name in {name for line in lines for name in json.loads(line)} - {"step"}:
            drawn = points(page, f"runs/{run} {name}")
            wrote = [v[name] for v in map(json.loads, lines) if name in v]
            assert len(drawn) == len(wrote)
            # Heights are an affine function of the values, downwards.
            (low, high), first = (wrote.index(pick(wrote)) for pick in (min, max)), drawn[0][1]
            if wrote[low] < wrote[high]:
                slope = (drawn[high][1] - drawn[low][1]) / (wrote[high] - wrote[low])
                assert slope < 0
                for (_, height), value in zip(drawn, wrote, strict=True):
                    assert height - first == pytest.approx(slope * (value - wrote[0]), abs=0.01)
    shown = re.findall(r'<g id="runs/one (?:train|eval)/([^"]+)"', page)
    assert "/" not in shown[0] and shown == sorted(shown, key=lambda name: "/" in name)
    rows = re.findall("<tr>(.*?)</tr>", page)
    assert "<td>optim.lr</td><td>" in page and any("2e-05" in row for row in rows)
    assert "<td>data.batch_size</td>" not in page
    assert "<td>state</td><td>finished</td><td>finished</td>" in page
    assert not re.findall(r"<script|<link|@import|\bsrc=", page)
    assert all(to.startswith("#") for to in re.findall(r'(?:href="|url\()([^")]*)', page))
    assert call("tools.report", "--run", "runs/one", "--run", "runs/other")[0] == told
    assert Path(told["page"]).read_text() == page

    (evaluated,) = call("evaluate", "--run", "runs/one")
    (told,) = call("tools.report", "--run", "runs/one", "--evaluate", "--data.batch_size", "50")
    page = Path(told["page"]).read_text()
    assert f"<td>loss</td><td>{evaluated['loss']:.4g}</td>" in page
    if "confusion" in evaluated:
        (figure,) = re.findall("<svg(?:(?!<svg).)*coloured.*?</svg>", page, re.DOTALL)
        cells = re.findall(r">(\d+)</text>", figure)
        counts = [str(count) for row in evaluated["confusion"] for count in row]
        assert cells[-len(counts) :] == counts


def test_page_of_a_run_without_an_evaluation(train, call):
    assert train("--log_every", "1 step", "--eval_every", "99 steps", kill_after=7) is None
    (told,) = call("tools.report", "--run", "runs/run")
    page = Path(told["page"]).read_text()
    assert len(points(page, "runs/run train/loss")) == 7
    assert "runs/run eval/" not in page
    assert "<td>state</td><td>failed</td>" in page


def test_refuses(train, call, module):
    write(Path("runs/made"))
    for words, *arguments in (
        ("no run in runs/other", "--run", "runs/made", "--run", "runs/other"),
        ("--seed: only with --evaluate", "--run", "runs/made", "--seed", "1"),
    ):
        with pytest.raises(module("core.errors").UserError, match=words) as caught:
            call("tools.report", *arguments)
        assert "\n" not in str(caught.value)
    assert not Path("runs/made/report").exists()
