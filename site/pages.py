"""Write the documentation: the pages of docs/, site/docs/, and those made from the template."""

import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import settings

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MOST = 260  # lines of new files that a page quotes in full
SITE = "https://site.invalid/"  # where pages say that a link leads out of the documentation

# What Furo writes and axe, the checker of accessibility, has something against.
MENDED = (
    ('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"'),
    ('<aside class="sidebar-drawer"', '<aside class="sidebar-drawer" aria-label="All pages"'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)


def sections(text: str) -> dict[str, str]:
    """Split a page at its second headings."""
    parts = re.split(r"(?m)^## (.*)\n", text)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def readme(files: dict) -> dict[str, str]:
    """Give the parts of a project's README."""
    return sections(files.get("README.md", ["", ""])[1])


def tables() -> dict[str, list[tuple[str, dict]]]:
    """Give the rows of all tables of docs/ that begin with one `word`, by that word."""
    found = {}
    for path in sorted((ROOT / "docs").glob("*.md")):
        header = None
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            if not line.startswith("|"):
                header = None
            elif header is None:
                header = cells
            elif word := re.fullmatch(r"`(\w+)`", cells[0]):
                row = dict(zip(header[1:], cells[1:], strict=False))
                found.setdefault(word[1], []).append((path.name, row))
    return found


def difference(before: str, after: str) -> str:
    """Give what changed in a file as a block of Markdown."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""))
    return "```diff\n" + "\n".join(lines[2:]) + "\n```\n"


def block(path: str, text: str) -> str:
    """Quote a file."""
    language = {"py": "python", "yaml": "yaml", "yml": "yaml", "toml": "toml", "sh": "bash"}
    fence = "`" * max(3, *(len(each) + 1 for each in re.findall("`{3,}", text)), 3)
    return f"{fence}{language.get(path.rpartition('.')[2], 'text')}\n{text}{fence}\n"


def quoted(before: dict, after: dict) -> str:
    """Quote what an answer brings to the default project, and what it changes there."""
    new = {path: text for path, (_, text) in after.items() if path not in before}
    gone = [path for path in before if path not in after]
    changed = [path for path in after if path in before and after[path] != before[path]]
    text = "## What it brings\n\n" if new or changed else ""
    lines = sum(each.count("\n") for each in new.values())
    for path, content in new.items():
        if lines <= MOST and not path.startswith("tests/"):
            text += f"`{path}`\n\n{block(path, content)}\n"
    names = [path for path in new if lines > MOST or path.startswith("tests/")]
    text += "".join(f"- `{path}`, {new[path].count(chr(10))} lines\n" for path in names) + "\n"
    text += f"It takes away {', '.join(f'`{path}`' for path in gone)}.\n\n" if gone else ""
    changes = {path: difference(before[path][1], after[path][1]) for path in changed}
    small = {path: said for path, said in changes.items() if path[0] != "." and len(said) < 6000}
    for path, said in small.items():
        if path not in ("README.md", ".copier-answers.yml") and not path.startswith("tests/"):
            text += f"`{path}`\n\n{said}\n"
    return text


def shown(row: dict) -> str:
    """Show a row of another page's table: short cells as a table, long ones below each other."""
    row = {key: cell for key, cell in row.items() if cell and key}
    if all(len(cell) < 30 for cell in row.values()):
        lines = (row.keys(), ["---"] * len(row), row.values())
        return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"
    return "".join(f"{key}\n: {cell}\n\n" for key, cell in row.items())


def answer_page(question: dict, answer: dict, projects: dict, rows: list) -> str:
    """Write the page of an answer: its tables' rows, its README, its files."""
    name, value = question["name"], answer["value"]
    mine, first = projects.get(f"{name}={value}", projects[""]), projects[""]
    listed = f"[{value}]" if question["kind"] == "several" else value
    text = f"# {answer['label']}\n\n"
    text += f"`{name}={value}`: {question['help']}. "
    text += f"[See it in the configurator]({SITE}#{name}={value}).\n\n"
    command = f"--data '{name}={listed}'" if "[" in listed else f"--data {name}={listed}"
    text += f"```bash\nuvx copier copy {command} gh:OWNER/copier-accelerate my-project\n"
    text += f"uvx copier update {command}    # in a project that is there\n```\n\n"
    for page, row in rows:
        text += f"{shown(row)}From [{page.removesuffix('.md')}](../{page}).\n\n"
    others = [projects[word] for word in projects if word.startswith(f"{name}=")]
    own = [
        (title, said)
        for title, said in readme(mine).items()
        if title and question["kind"] == "one" and any(readme(x).get(title) != said for x in others)
    ]
    if own and len(own) < len(readme(mine)):
        text += "".join(f"## {title}\n{said}\n" for title, said in own)
    return text + (quoted(first, mine) if mine is not first else "")


def together(bridge, questions: list, question: dict, answer: dict) -> dict:
    """Give the project of an answer with all others that may stand beside it."""
    given = {question["name"]: answer["value"]}
    for other in [each for each in questions if each["kind"] == "several"]:
        given[other["name"]] = []
        for each in other["answers"]:
            more = given | {other["name"]: [*given[other["name"]], each["value"]]}
            given = given if bridge.objections(more) else more
    return bridge.project(given, "project").get("files", {})


def assembled(place: Path, repository: str) -> None:
    """Gather the pages in a folder, those made from the template included."""
    import build

    bridge = build.Bridge(ROOT, build.told(repository, build.describe()))
    first = bridge.project({}, "project")
    questions = build.form(bridge, first)
    rendered = build.trees(bridge, questions, first, "project")
    projects = {
        plain(key): {
            path: [mode, rendered["texts"][at]] for path, (mode, at) in tree["files"].items()
        }
        for key, tree in rendered["trees"].items()
    }
    shutil.copytree(ROOT / "docs", place, ignore=shutil.ignore_patterns("*.py"))
    shutil.copytree(HERE / "docs", place, dirs_exist_ok=True)
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    (place / "changelog.md").write_text(text, encoding="utf-8")
    starts = first["values"]
    page = place / "reference.md"
    beside = {
        f"{question['name']}={answer['value']}": together(bridge, questions, question, answer)
        for question in questions
        if question["kind"] == "one"
        for answer in question["answers"]
    }
    text = page.read_text("utf-8") + settings.reference(projects, beside, starts)
    page.write_text(text, encoding="utf-8")
    words, listing = tables(), ""
    for question in [each for each in questions if each["answers"]]:
        folder = place / question["name"]
        folder.mkdir()
        names = [answer["value"] for answer in question["answers"]]
        for answer in question["answers"]:
            text = answer_page(question, answer, projects, words.get(answer["value"], []))
            (folder / f"{answer['value']}.md").write_text(text, encoding="utf-8")
        title = re.sub(r" \(.*\)$", "", question["help"])
        said = f"The question `{question['name']}`: {question['help']}."
        text = f"# {title}\n\n{said}\n\n{contents(names)}"
        (folder / "index.md").write_text(text, encoding="utf-8")
        listing += f"{question['name']}/index\n"
    page = place / "answers.md"
    page.write_text(page.read_text("utf-8") + contents(listing.split()), encoding="utf-8")
    for path in place.rglob("*.md"):
        text = path.read_text("utf-8").replace("gh:OWNER/copier-accelerate", f"gh:{repository}")
        path.write_text(filled(text, projects[""]), encoding="utf-8")


def contents(names: list[str]) -> str:
    """List pages, here and in the navigation."""
    return "\n```{toctree}\n:maxdepth: 2\n\n" + "".join(f"{name}\n" for name in names) + "```\n"


def plain(key: str) -> str:
    """Give a rendered project's name as people would say its one answer."""
    name, _, answer = key.partition("=")
    value = json.loads(answer) if answer else ""
    return f"{name}={value[-1] if isinstance(value, list) and value else value}" if name else ""


def filled(text: str, files: dict) -> str:
    """Put the rendered file, or its part between two texts, where a page says {quote} PATH."""

    def quote(match):
        path, _, part = match[1].partition(" from ")
        if path not in files:
            raise SystemExit(f"site/docs: {path!r} is no file of the default project")
        content = files[path][1]
        if part:
            start, end = part.split(" to ")
            at = content.find(start)
            if at < 0 or content.find(end, at) < 0:
                raise SystemExit(f"site/docs: {path} has no {part!r}")
            content = content[at : content.find(end, at)].rstrip() + "\n"
        return block(path, content)

    return re.sub(r"(?m)^\{quote\} (.*)$", quote, text)


def build(out: Path, repository: str) -> None:
    """Write the documentation as HTML; a warning, such as a broken link, is an error."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "docs"
        assembled(source, repository)
        words = [
            "-W",
            "--keep-going",
            "-q",
            "-b",
            "html",
            "-c",
            str(HERE / "docs"),
            "-d",
            f"{folder}/kept",
        ]
        words = [sys.executable, "-m", "sphinx", *words, str(source), str(out)]
        said = subprocess.run(words, capture_output=True, text=True)
        if said.returncode:
            raise SystemExit(f"sphinx: {said.stderr.strip()}")
    for name in (".buildinfo", "objects.inv", "_sources"):
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for theirs, ours in MENDED:
            text = text.replace(theirs, ours)
        up = "../" * len(path.relative_to(out).parts)
        path.write_text(text.replace(SITE, up), encoding="utf-8")
