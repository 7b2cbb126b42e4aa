"""Build the site: python site/build.py OUT [--repository OWNER/NAME] [--no-docs]."""

import argparse
import gzip
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jinja2
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

import fetched  # noqa: E402 - they lie beside this file
from bridge import Bridge  # noqa: E402
from renderer import DATE  # noqa: E402

PACKAGES = ("jinja2", "markupsafe", "yaml", "jinja2_ansible_filters")


def told(repository: str, version: str) -> dict:
    """Give what the renderer has to know beside the template's folder."""
    read = runpy.run_path(str(ROOT / "hooks" / "cookiecutter_json.py"))["read"]
    source = f"gh:{repository}"
    return {"copier": read(ROOT / "copier.yml"), "source": source, "version": version}


def describe() -> str:
    """Give the version as Copier records it."""
    words = ["git", "describe", "--tags", "--always"]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


# The questions, as the page shows them.


def kind(question: dict) -> str:
    """Give which field a question gets."""
    if question.get("multiselect"):
        return "several"
    if "choices" in question:
        return "one"
    return "yes" if question.get("type") == "bool" else "text"


def form(bridge: Bridge, project: dict) -> list[dict]:
    """Give the questions that are asked, with the answers to choose from."""
    context, _ = bridge.template.context({}, bridge.source, bridge.version, "project")
    found = []
    for name, start in project["values"].items():
        question = bridge.questions.named[name]
        answers = [
            {"value": value, "label": label, "chosen": value == start or start_has(start, value)}
            for value, (label, _) in bridge.questions.choices(question, context).items()
        ]
        help = bridge.questions.value(question.get("help", name), context).rstrip("?:")
        said = {"name": name, "help": help, "kind": kind(question), "start": start}
        found.append(said | {"answers": answers, "effects": {}})
    return found


def start_has(start, value) -> bool:
    """Tell whether an answer is one of several that are chosen at first."""
    return isinstance(start, list) and value in start


def alone(question: dict) -> dict:
    """Give every answer to a question that isn't its default, by what the form calls it."""
    start = question["start"]
    if question["kind"] == "yes":
        return {"true": not start}
    values = [each["value"] for each in question["answers"]]
    if question["kind"] == "several":
        chosen = {each: [x for x in values if (x in start) != (x == each)] for each in values}
        return chosen
    return {value: value for value in values if value != start}


def effect(before: dict, after: dict) -> str:
    """Say in some signs how many lines an answer adds to the default project."""
    lines = [sum(text.count("\n") for _, text in each.values()) for each in (before, after)]
    change = lines[1] - lines[0]
    return f"{change:+d}".replace("-", "\u2212") if change else ""


def trees(bridge: Bridge, questions: list[dict], first: dict, folder: str) -> dict:
    """Render the defaults, and each other answer alone: what the page shows before Python is there.

    The same text is kept once. The number of lines that each adds comes beside the answer.
    """
    texts, found = {}, {}

    def keep(key, project):
        files = {
            path: [mode, texts.setdefault(text, len(texts))]
            for path, (mode, text) in project["files"].items()
        }
        found[key] = {"files": files, "dependencies": project["dependencies"]}

    keep("", first)
    for question in questions:
        for word, answer in alone(question).items() if question["kind"] != "text" else ():
            project, base = bridge.project({question["name"]: answer}, folder), first
            if "files" not in project and question["kind"] == "several":
                # It needs another beside it: it is told by what it adds to all of those.
                answer = [each["value"] for each in question["answers"]]
                project = bridge.project({question["name"]: answer}, folder)
                others = [each for each in answer if each != word]
                base = bridge.project({question["name"]: others}, folder)
            if "files" in project and "files" in base:
                said = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
                keep(f"{question['name']}={said}", project)
                # An answer that is there at first is told by what it brings, too.
                given = question["kind"] == "several" and word in question["start"]
                pair = (project["files"], base["files"])
                question["effects"][word] = effect(*(pair if given else pair[::-1]))
    return {"texts": list(texts), "trees": found}


# What the browser runs.


def python_part(out: Path, known: dict) -> None:
    """Write what Pyodide needs: itself, the packages, the renderer and the template."""
    place = out / "python"
    place.mkdir()
    for name, content in fetched.pyodide().items():
        (place / name).write_bytes(content)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:  # compressed as a whole
        for name in PACKAGES:
            for path in package(name):
                add(archive, path, path.relative_to(top(name)).as_posix())
        for path in (HERE / name for name in ("ask.py", "bridge.py", "renderer.py")):
            add(archive, path, path.name)
        listed = ["git", "ls-files", "-z", "-co", "--exclude-standard", "template"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in sorted(filter(None, names.split("\0"))):
            add(archive, ROOT / name, name)
        add(archive, json.dumps(known).encode(), "told.json")
    (place / "app.zip.packed").write_bytes(gzip.compress(written.getvalue(), 9, mtime=0))


def top(name: str) -> Path:
    """Give the folder that a package is installed in."""
    return Path(importlib.util.find_spec(name).origin).parent.parent


def package(name: str) -> list[Path]:
    """Give the Python files of an installed package, and its licence."""
    owner = importlib.metadata.packages_distributions()[name][0]
    beside = importlib.metadata.distribution(owner).files or []
    licences = [
        Path(each.locate())
        for each in beside
        if "dist-info" in str(each) and re.search("licen[cs]e", str(each), re.I)
    ]
    return sorted((top(name) / name).rglob("*.py")) + licences


def add(archive: zipfile.ZipFile, content: Path | bytes, name: str) -> None:
    """Add a file to a ZIP, without the hour it was made."""
    is_path = isinstance(content, Path)
    if is_path and not content.is_file():
        return  # deleted, and not yet committed
    entry = zipfile.ZipInfo(name, DATE)
    executable = is_path and content.stat().st_mode & 0o100
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    archive.writestr(entry, content.read_bytes() if is_path else content)


# The page.


def bars(chart: dict) -> list[dict]:
    """Give the bars of the chart, from the first table with its columns."""
    header, found = None, []
    for line in (ROOT / chart["page"]).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if chart["name"] in cells and chart["value"] in cells:
            header = cells
        elif header and not line.startswith("|"):
            break
        elif header and not set(line) <= set("|-"):
            row = dict(zip(header, cells, strict=True))
            value = re.match(r"\**([0-9.]+)", row[chart["value"]])[1]
            found.append((row[chart["name"]], float(value)))
    if not found:
        raise SystemExit(f"{chart['page']}: no table has {chart['name']!r} and {chart['value']!r}")
    shown = [each for each in found if "," not in each[0] or each[1] != 1]
    most = max(value for _, value in shown)
    return [
        {"name": name, "value": f"{value:.2f}", "part": value / most, "ours": name in chart["ours"]}
        for name, value in shown
    ]


def loop(page: dict, project: dict) -> dict:
    """Give the part of the file that is open at first which the page begins with."""
    path = next((each for each in project["files"] if re.search(page["open"], each)), None)
    if not path:
        raise SystemExit(f"site/page.yml: no file of the default project is {page['open']}")
    text = project["files"][path][1]
    start = text.find(page["loop"]["from"])
    end = text.find("\n", text.find(page["loop"]["to"], start))
    if start < 0 or end < 0:
        raise SystemExit(f"site/page.yml: {path} has no {page['loop']}")
    lines = text[start:end].splitlines()
    return {"path": path, "text": "\n".join(line[4:] for line in lines)}


def page_part(out: Path, bridge: Bridge, repository: str, docs: bool) -> None:
    """Write the page, and what it fetches before Python is there."""
    page = yaml.safe_load((HERE / "page.yml").read_text(encoding="utf-8"))
    first = bridge.project({}, "project")
    questions = form(bridge, first)
    rendered = trees(bridge, questions, first, "project")
    (out / "trees.packed").write_bytes(gzip.compress(json.dumps(rendered).encode(), 9, mtime=0))
    for preset in page["presets"]:
        wrong = bridge.project(preset["answers"], "project")["wrong"]
        unknown = [name for name in preset["answers"] if name not in first["values"]]
        for name in [*wrong, *unknown]:
            raise SystemExit(
                f"site/page.yml: {preset['name']}: {name}: {wrong.get(name, 'unknown')}"
            )
    known = {
        "source": bridge.source,
        "version": bridge.version,
        "open": page["open"],
        "questions": [{key: each[key] for key in ("name", "kind", "start")} for each in questions],
        "presets": [each["answers"] for each in page["presets"]],
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(
        (HERE / "page" / "index.html").read_text(encoding="utf-8")
    ).render(
        page=page,
        questions=questions,
        bars=bars(page["chart"]),
        loop=loop(page, first),
        told=json.dumps(known).replace("<", "\\u003c"),
        version=bridge.version,
        repository=repository,
        docs=docs,
    )
    (out / "index.html").write_text(text, encoding="utf-8", newline="\n")


def service_worker(out: Path) -> None:
    """Write the service worker, with the list of what it keeps for later, and a name for it."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    names = [path.relative_to(out).as_posix() for path in files]
    kept = ["./"] + [name for name in names if not name.startswith(("docs/", "index.html"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    text = (HERE / "page" / "sw.js").read_text(encoding="utf-8")
    text = text.replace('"VERSION"', json.dumps(digest)).replace('["FILES"]', json.dumps(kept))
    (out / "sw.js").write_text(text, encoding="utf-8", newline="\n")


def build(out: Path, repository: str, version: str, docs: bool = True) -> None:
    """Write the whole site into an empty folder."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    known = told(repository, version)
    for path in (HERE / "page").iterdir():
        if path.name not in ("index.html", "sw.js"):
            shutil.copy2(path, out)
    (out / "highlight").mkdir()
    for name, content in fetched.highlight().items():
        (out / "highlight" / name).write_bytes(content)
    python_part(out, known)
    page_part(out, Bridge(ROOT, known), repository, docs)
    if docs:
        import pages  # which needs Sphinx

        pages.build(out / "docs", repository)
    service_worker(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--repository", default="OWNER/copier-accelerate")
    parser.add_argument("--no-docs", action="store_true")
    chosen = parser.parse_args()
    build(chosen.out, chosen.repository, describe(), not chosen.no_docs)
