"""Whatever stands in a file of settings or on the command line: a Config, or one clear line."""

import contextlib
import importlib
import inspect
import io
import math
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_origin

import pytest
import rows
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What YAML reads as something else than it looks like, or trips over, and usual slips.
TEXTS = r"""
null|true|no|~|~/x|1e-4|-1|0x1f|010|1_000|22:30|.nan|.inf|-.inf|9e999|20 steps|0 epochs|3 h|5
20steps|1e3 steps|{a: 1}|{a: 1, a: 2}|{a: {b: [1]}}|[a, b]|[1, 2]|[0.9, 0.95]|[a|{a|a: b|a: |- a
&a b|*a|<<: {a: 1}|!!python/object:x {}|!!int x|2026-01-01|2026-99-01|%x|@x|`x`|#x|? x|> x|'|"
---|...|(|[|^$|x|train|SGD|Adamm|cosine|bf16|none|./|/|../..|--seed|-h|--|=|a=b|é|数字|😀|nan|inf
""".replace("\n", "|").split("|")[1:-1]
INVISIBLE = ["", " ", "\t", "\n", "a\nb", "\0", "\x1b[31m", "\x85", "\u2028", "\ud800", "\ufeff"]
TEXTS += [*INVISIBLE, "\u0661", "9" * 5000, "x" * 300]
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 3, 2**63, -(2**70), 10**400, 0.0, 0.5, 1e-4, 1e300, -0.5]),
    st.sampled_from([math.nan, math.inf, -math.inf]),
    st.integers(),
    st.floats(),
    st.sampled_from(TEXTS),
    st.text(max_size=8),
)
VALUE = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=2),
    max_leaves=5,
)
SLIPS = ["none", "twice", "again", "BOM", "UTF-16", "tabs", "dotted", "cut", "noise", "deep"]
TASKS = ["image_classification", "tabular_multitask", "text_generation"]
ROWS = [(task, full) for task in TASKS for full in (False, True)]

some = settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
many = settings(some, derandomize=False, max_examples=2000)


@pytest.fixture(params=ROWS, ids=lambda row: f"{row[0]}-{'full' if row[1] else 'lean'}")
def project(request, render, monkeypatch):
    """Give the modules of a rendered project, under a name of its own, and its settings."""
    task, full = request.param
    name = f"{task}_{'full' if full else 'lean'}"
    row = rows.full(task=task) if full else rows.LEAN | {"task": task}
    monkeypatch.syspath_prepend(str(render(project_name=name, **rows.answers(row))))
    modules = {each: importlib.import_module(f"{name}.{each}") for each in MODULES}
    yield SimpleNamespace(**{each.split(".")[-1]: module for each, module in modules.items()})
    for each in [each for each in sys.modules if each.split(".")[0] == name]:
        del sys.modules[each]


MODULES = ["config", "core.errors", "core.settings", "optim", "schedule"]


def nest(key: str, value: object) -> dict:
    """Give a setting by its dotted key as a file has it."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def write(key: str, value: object, slip: str, at: int) -> bytes:
    """Give a file of a setting, with a slip in it."""
    text = yaml.safe_dump({key: value} if slip == "dotted" else nest(key, value))
    match slip:
        case "twice":
            text += text
        case "again":
            text += yaml.safe_dump({key.split(".")[0]: None})
        case "BOM":
            text = f"\ufeff{text}"
        case "UTF-16":
            return text.encode("utf-16")
        case "tabs":
            text = text.replace("  ", "\t")
        case "cut":
            text = text[: at % (len(text) + 1)]
        case "noise":
            place = at % (len(text) + 1)
            return text[:place].encode() + at.to_bytes(4, "little") + text[place:].encode()
        case "deep":
            text = f"{key}: {'[' * at}"
    return text.encode()


def check(project, argv: list[str], words: set[str]) -> str:
    """See that settings are taken, and then do as they say, or are refused in one clear line."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            cfg = project.config.parse_config(argv)
    except project.errors.UserError as error:
        refusal = str(error)
        assert refusal and len(refusal.splitlines()) == 1, refusal
        assert any(word in refusal for word in words), (refusal, words)
        return "refused"
    except SystemExit as done:
        assert done.code == 0 and {"-h", "--help"} & {*argv}
        return "help"
    for key, hint in project.settings.list_settings(project.config.Config).items():
        value = cfg
        for part in key.split("."):
            value = getattr(value, part)
        kinds = (hint, *get_args(hint))
        assert value is not None or type(None) in kinds, f"{key} is null"
        if get_origin(hint) is dict:
            assert isinstance(value, dict), f"{key} is {value}"
    with tempfile.TemporaryDirectory() as beside:
        file = Path(beside) / "resolved.yaml"
        file.write_text(project.settings.to_yaml(cfg))
        assert project.config.parse_config([], file) == cfg
    return use(project, cfg)


def use(project, cfg) -> str:
    """See that what builds the optimizer and the schedule takes its settings, or refuses them."""
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2))
    try:
        optimizer = project.optim.build_optimizer(model, cfg.optim)
        schedule = project.schedule.build_schedule(optimizer, cfg.schedule, 9, 3, cfg.mode)
    except project.errors.UserError as error:
        assert len(str(error).splitlines()) == 1, error
        assert any(word in str(error) for word in ("optim.", "schedule.")), error
        return "refused by what it is for"
    for _ in range(3):
        model(torch.ones(2, 2)).sum().backward()
        optimizer.step()
        schedule.step()
        schedule.evaluated(1.0)
    return "taken"


def check_file(project, data, counts: dict | None = None) -> None:
    """See to a file with a setting, or a section, of any value and with any slip."""
    key, value = data.draw(picks(project))
    slip, at = data.draw(st.sampled_from(SLIPS)), data.draw(st.integers(0, 3000))
    with tempfile.TemporaryDirectory() as beside:
        file = Path(beside) / "mine.yaml"
        try:
            file.write_bytes(write(key, value, slip, at))
        except (UnicodeEncodeError, RecursionError):
            return
        told = check(project, ["--config", str(file)], {"mine.yaml"})
    if counts is not None:
        counts[told] = counts.get(told, 0) + 1


def check_argument(project, data, counts: dict | None = None) -> None:
    """See to an argument for a setting, or a section, of any value, or to any words."""
    key, value = data.draw(picks(project))
    text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
    pair = st.sampled_from([[f"--{key}={text}"], [f"--{key}", text], [f"--{key}"], [key, text]])
    words = pair | st.sampled_from([[text], [f"--{text}"]])
    argv = data.draw(words) + data.draw(st.sampled_from([[], ["--keep", "3"]]))
    told = check(project, argv, {"argument", "train.yaml"})
    if counts is not None:
        counts[told] = counts.get(told, 0) + 1


def arguments(project) -> list[str]:
    """Name all arguments of all optimizers and schedules of torch."""
    kinds = [kind for kind, _ in project.schedule.list_schedules(9, [0.1], True, "min").values()]
    kinds += filter(inspect.isclass, vars(project.optim.torch.optim).values())
    return sorted({name for kind in kinds for name in inspect.signature(kind).parameters})


def picks(project) -> st.SearchStrategy:
    """Give a setting, a section, or the arguments of an optimizer or a schedule, with a value."""
    keys = list(project.settings.list_settings(project.config.Config))
    sections = sorted({key.rpartition(".")[0] for key in keys} - {""})
    inner = st.dictionaries(st.sampled_from(arguments(project)), VALUE, min_size=1, max_size=2)
    return st.one_of(
        st.tuples(st.sampled_from(keys), VALUE),
        st.tuples(st.sampled_from(keys), VALUE),
        st.tuples(st.sampled_from(sections), VALUE),
        st.tuples(st.sampled_from(["optim.args", "schedule.args"]), inner),
        st.tuples(st.text(max_size=8), VALUE),
    )


@some
@given(data=st.data())
def test_any_file_is_read_or_refused(project, data):
    check_file(project, data)


@some
@given(data=st.data())
def test_any_argument_is_taken_or_refused(project, data):
    check_argument(project, data)


@pytest.mark.deep
@many
@given(data=st.data())
def test_many_files_are_read_or_refused(project, data):
    check_file(project, data)


@pytest.mark.deep
@many
@given(data=st.data())
def test_many_arguments_are_taken_or_refused(project, data):
    check_argument(project, data)
