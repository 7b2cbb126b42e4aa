"""List every setting of the rendered projects, from the code that defines it."""

import ast
import re


def classes(files: dict) -> dict[str, ast.ClassDef]:
    """Give the dataclasses of a project's settings, and the one that is composed of them."""
    trees = {
        path: ast.parse(text)
        for path, (_, text) in files.items()
        if path.endswith(".py") and not path.startswith("tests/") and "@dataclass" in text
    }
    found = {
        path: [x for x in tree.body if isinstance(x, ast.ClassDef)] for path, tree in trees.items()
    }
    named = {each.name: each for path in found if "/settings/" in path for each in found[path]}
    for path in found:
        for each in found[path]:
            inside = {ast.unparse(field.annotation) for field in fields(each)}
            if "/settings/" not in path and len(inside & named.keys()) > 1:
                named[""] = each  # the top
    return named


def fields(owner: ast.ClassDef) -> list[ast.AnnAssign]:
    """Give the fields of a class."""
    return [each for each in owner.body if isinstance(each, ast.AnnAssign)]


def default(value: ast.expr | None) -> str:
    """Say a field's default as one would write it."""
    if value is None:
        return "required"
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        made = next((each.value for each in value.keywords if each.arg == "default_factory"), value)
        if isinstance(made, ast.Lambda):
            return ast.unparse(made.body)
        return {"dict": "{}", "list": "[]"}.get(ast.unparse(made), ast.unparse(made))
    return ast.unparse(value)


def listed(files: dict) -> dict[str, tuple[str, str, str]]:
    """Give type, default and meaning of each setting of a project, by its whole name."""
    known, found = classes(files), {}

    def walk(owner, prefix):
        for base in owner.bases:
            if ast.unparse(base) in known:
                walk(known[ast.unparse(base)], prefix)
        for place, each in enumerate(owner.body):
            if not isinstance(each, ast.AnnAssign):
                continue
            name, kind = f"{prefix}{each.target.id}", ast.unparse(each.annotation)
            if kind in known:
                walk(known[kind], f"{name}.")
                continue
            after = owner.body[place + 1] if place + 1 < len(owner.body) else None
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            meaning = " ".join(str(after.value.value).split()) if is_text else ""
            found[name] = kind, default(each.value), meaning

    if "" in known:
        walk(known[""], "")
    return found


def where(with_it: set, projects: dict, starts: dict) -> str:
    """Say with which answers a setting is there."""
    if with_it == projects.keys():
        return ""
    if "" not in with_it:
        return ", ".join(sorted(f"`{word}`" for word in with_it))
    # In the default project, but not with some other answer to a question of one answer.
    question = next(iter(projects.keys() - with_it)).partition("=")[0]
    others = {word for word in with_it if word.partition("=")[0] == question}
    return ", ".join(sorted(f"`{word}`" for word in {f"{question}={starts[question]}", *others}))


def reference(projects: dict[str, dict], beside: dict[str, dict], starts: dict) -> str:
    """Give the page of all settings: those of projects by the one answer that they have.

    `beside` are projects with more answers, for what no answer brings alone.
    """
    variants, more = {}, {}
    for word, files in projects.items():
        for key, said in listed(files).items():
            variants.setdefault(key, {}).setdefault(said, set()).add(word)
    for word, files in beside.items():
        for key, said in listed(files).items() if files else ():
            if key not in variants:
                more.setdefault(key, {}).setdefault(said, set()).add(word)
    sections = {}
    for key, found in (variants | more).items():
        section = key.rpartition(".")[0]
        for (kind, value, meaning), with_it in found.items():
            place = where(with_it, beside if key in more else projects, starts)
            row = (f"`{key}`", f"`{kind}`", f"`{value}`", meaning, place)
            sections.setdefault(section, []).append([cell.replace("|", "\\|") for cell in row])
    text = ""
    for section in sorted(sections):
        rows = "".join(f"| {' | '.join(row)} |\n" for row in sections[section])
        title = f"`{section}`" if section else "The run"
        head = "| setting | type | default | meaning | only with |\n|---|---|---|---|---|\n"
        text += (
            f"\n({re.sub('[^a-z]', '-', section) or 'run'}-settings)=\n## {title}\n\n{head}{rows}"
        )
    return text
