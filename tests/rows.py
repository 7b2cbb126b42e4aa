"""The answers worth testing, read from copier.yml: a new answer joins by itself.

A row gives every factor a value. A factor is a choice question, a yes/no question, or one answer
of a multi-select as a yes/no of its own, named as its file in template/parts: `extras/ema`.
"""

import itertools
import runpy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import covertable
import jinja2
import yaml
from jinja2 import meta, nodes

COPIER = Path(__file__).resolve().parent.parent / "copier.yml"
read = runpy.run_path(str(COPIER.parent / "hooks" / "cookiecutter_json.py"))["read"]

# Where the default is not the answer that writes most.
RICH = {"hardware": "multi_node"}


@cache
def settings(path: Path = COPIER) -> dict:
    """Give all that a copier.yml says."""
    return read(path)


def questions(path: Path = COPIER) -> dict[str, dict]:
    """Give the questions a person is asked, by name."""
    named = {name: said for name, said in settings(path).items() if not name.startswith("_")}
    return {name: said for name, said in named.items() if said.get("when", True) is not False}


def choices(question: dict) -> dict:
    """Give a question's answers, each with its validator ("" for none)."""
    listed = question.get("choices", [])
    values = listed.values() if isinstance(listed, dict) else listed
    full = [value if isinstance(value, dict) else {"value": value} for value in values]
    return {value["value"]: value.get("validator", "") for value in full}


@cache
def factors(path: Path = COPIER) -> dict[str, list]:
    """Give every factor with its values; the questions of free text are left out."""
    found = {}
    for name, question in questions(path).items():
        if question.get("multiselect"):
            found |= {f"{name}/{answer}": [False, True] for answer in choices(question)}
        elif choices(question):
            found[name] = list(choices(question))
        elif question["type"] == "bool":
            found[name] = [False, True]
    return found


def answers(row: dict) -> dict:
    """Give a row as Copier takes it: `extras/ema: true` becomes `extras: [ema]`."""
    given = {}
    for factor, value in row.items():
        question, _, answer = factor.partition("/")
        if answer:
            given.setdefault(question, []).extend([answer] if value else [])
        else:
            given[question] = value
    return given


def quick(extras: list[str]) -> list[str]:
    """Give the settings that spare a run with these techniques the minutes of a compiler."""
    backend = "aot_eager" if "gradient_checkpointing" in extras else "eager"
    return ["--compile.backend", backend] if "compile" in extras else []


def lean(path: Path = COPIER) -> dict:
    """Give the row of all defaults, with nothing switched on and nothing added."""
    defaults = {name: question["default"] for name, question in questions(path).items()}
    return {
        factor: False if values == [False, True] else defaults[factor]
        for factor, values in factors(path).items()
    }


def full(path: Path = COPIER, **answers: str) -> dict:
    """Give the row with everything on that goes together, and with these answers."""
    rich = RICH | answers
    row = lean(path) | {name: answer for name, answer in rich.items() if name in factors(path)}
    for factor, values in factors(path).items():
        if values == [False, True] and allowed(row | {factor: True}, path):
            row[factor] = True
    return row


def alone(path: Path = COPIER) -> list[dict]:
    """Give the lean row with each other answer by itself."""
    start = lean(path)
    changed = [start | {name: value} for name, values in factors(path).items() for value in values]
    return [row for row in changed if row != start and allowed(row, path)]


# What contradicts what: the validators of copier.yml, evaluated.


@dataclass(frozen=True)
class Rule:
    """A validator, the factors it looks at, and the answer it belongs to, if to one."""

    text: str
    factors: tuple[str, ...]
    owner: tuple[str, object] | None
    path: Path

    def refuses(self, row: dict) -> bool:
        """Tell whether this validator has something against a row."""
        if self.owner and row[self.owner[0]] != self.owner[1]:
            return False
        return _refused(self.text, tuple(row[factor] for factor in self.factors), self)


@cache
def _refused(text: str, values: tuple, rule: Rule) -> bool:
    """Render a validator over the values of the factors it looks at."""
    row = lean(rule.path) | dict(zip(rule.factors, values, strict=True))
    context = _context(text, answers(row), rule.path)
    return bool(_environment(rule.path).from_string(text).render(context).strip())


@cache
def _environment(path: Path) -> jinja2.Environment:
    """Give Jinja as Copier sets it up for this copier.yml."""
    options = settings(path).get("_envops", {}) | {"undefined": jinja2.StrictUndefined}
    return jinja2.Environment(
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"], **options
    )


def _mentioned(text: str, path: Path) -> set[str]:
    """Give the names a Jinja text looks at, also through computed values."""
    names = meta.find_undeclared_variables(_environment(path).parse(text))
    for name in list(names):
        default = settings(path).get(name, {}).get("default")
        if name not in questions(path) and isinstance(default, str):
            names |= _mentioned(default, path)
    return names


def _context(text: str, given: dict, path: Path) -> dict:
    """Give a text's names their values: the answers, else the default, in copier.yml's order."""
    context, mentioned = dict(given), _mentioned(text, path)
    for name, question in settings(path).items():
        if name in mentioned and name not in given:
            default = question["default"]
            if isinstance(default, str):
                default = _environment(path).from_string(default).render(context)
            computed = question.get("type") == "yaml" and isinstance(default, str)
            context[name] = yaml.safe_load(default) if computed else default
    return context


def _looks_at(text: str, path: Path) -> set[str]:
    """Give the factors a validator depends on."""
    words = {node.value for node in _environment(path).parse(text).find_all(nodes.Const)}
    found = set()
    for name in _mentioned(text, path):
        if questions(path).get(name, {}).get("multiselect"):
            listed = choices(questions(path)[name])
            # A text that names no answer may count them.
            found |= {f"{name}/{each}" for each in listed.keys() & words or listed}
        elif name in factors(path):
            found.add(name)
    return found


@cache
def rules(path: Path = COPIER) -> tuple[Rule, ...]:
    """Give the validators of all questions with factors and of their single answers."""
    found = []
    for name, question in questions(path).items():
        several = question.get("multiselect")
        for answer, text in choices(question).items():
            if text:
                owner = (f"{name}/{answer}", True) if several else (name, answer)
                found.append((text, _looks_at(text, path) | {owner[0]}, owner))
        if (several or name in factors(path)) and question.get("validator"):
            found.append((question["validator"], _looks_at(question["validator"], path), None))
    return tuple(Rule(text, tuple(sorted(seen)), owner, path) for text, seen, owner in found)


def allowed(row: dict, path: Path = COPIER) -> bool:
    """Tell whether Copier takes a row."""
    return not any(rule.refuses(row) for rule in rules(path))


def possible(given: dict, path: Path = COPIER) -> bool:
    """Tell whether Copier takes some row with these values."""
    known = [rule for rule in rules(path) if given.keys() >= set(rule.factors)]
    if any(rule.refuses(given) for rule in known):
        return False
    undecided = {factor for rule in rules(path) for factor in rule.factors} - given.keys()
    if not undecided:
        return True
    factor = min(undecided)
    return any(possible(given | {factor: value}, path) for value in factors(path)[factor])


def combinations(strength: int, path: Path = COPIER) -> Iterator[frozenset]:
    """Give every pair (or triple) of (factor, value), whether it is allowed or not."""
    for some in itertools.combinations(factors(path).items(), strength):
        names = [name for name, _ in some]
        for values in itertools.product(*(values for _, values in some)):
            yield frozenset(zip(names, values, strict=True))


def excluded(path: Path = COPIER, strength: int = 2) -> set[frozenset]:
    """Give the pairs (or triples) of (factor, value) that stand in no row Copier takes."""
    return {each for each in combinations(strength, path) if not possible(dict(each), path)}


# Rows that together hold every pair.


def missing(rows: list[dict], strength: int = 2, path: Path = COPIER) -> set[frozenset]:
    """Give the allowed combinations that none of the rows holds."""
    held = {
        frozenset(each) for row in rows for each in itertools.combinations(row.items(), strength)
    }
    return set(combinations(strength, path)) - excluded(path, strength) - held


@cache
def pairs(strength: int = 2, path: Path = COPIER) -> list[dict]:
    """Give few rows that hold every allowed pair (or triple) of answers."""
    constraints = [
        {
            "operator": "fn",
            "requires": list(rule.factors),
            "evaluate": lambda row, rule=rule: not rule.refuses(row),
        }
        for rule in rules(path)
    ]
    made = covertable.make(factors(path), strength=strength, constraints=constraints)
    rows = [{factor: row[factor] for factor in factors(path)} for row in made]
    assert all(allowed(row, path) for row in rows), "covertable gave a row Copier refuses"
    lost = missing(rows, strength, path)
    assert not lost, f"no row holds {[sorted(each) for each in lost][:3]}"
    return rows


LEAN = lean()
FULL = full()


def every() -> list[dict]:
    """Give the lean row, the full one, each answer alone and every pair, none twice."""
    rows = [LEAN, FULL, *alone(), *pairs()]
    return [row for place, row in enumerate(rows) if row not in rows[:place]]


@cache
def _words() -> Counter:
    """Count in how many questions a word is an answer."""
    return Counter(str(answer) for question in questions().values() for answer in choices(question))


def name(row: dict) -> str:
    """Give a row's test id: what it has other than the lean one."""
    if row in (LEAN, FULL):
        return "lean" if row == LEAN else "full"
    words = []
    for factor, value in row.items():
        if value != LEAN[factor]:
            question, _, answer = factor.partition("/")
            word = answer or (question if value is True else str(value))
            clear = word != "none" and _words()[word] < 2
            words.append(word if clear else f"{question}_{word}")
    return "-".join(words)
