"""The site in a real browser: what is chosen there is what Copier would write."""

import functools
import http.server
import json
import runpy
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import filelock
import pytest
import rows
from bridge import Bridge
from conftest import ROOT, copy, differences, recorded, run_copier, tree
from test_renderer import TEXTS, unpacked

playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium isn't installed"),
    pytest.mark.skipif(
        not shutil.which("npm"), reason="npm, which brings Pyodide, isn't installed"
    ),
]

VERSION = "v999.0.0"
SOURCE = "gh:OWNER/copier-accelerate"
BUILD = runpy.run_path(str(ROOT / "site" / "build.py"))
SEVERAL = next(
    name
    for name, said in rows.questions().items()
    if said.get("multiselect") and not said["default"]
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server as plain as Python's own, without its talk."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript"
    }

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def built(shared) -> Path:
    """Give the folder of the built site, without the documentation."""
    with filelock.FileLock(f"{shared}/site.lock"):
        if not (shared / "site/sw.js").exists():
            BUILD["build"](shared / "site", SOURCE.removeprefix("gh:"), VERSION, docs=False)
    return shared / "site"


@pytest.fixture(scope="module")
def address(built) -> str:
    """Serve the site, and give its address."""
    handler = functools.partial(Quiet, directory=built)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Start Chromium."""
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser, address):
    """Give a browser's window without a past; nothing in it may go wrong or go elsewhere."""
    window = browser.new_context(accept_downloads=True, permissions=["clipboard-read"])
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    window.set_default_timeout(60_000)  # a shared machine may be many times slower
    wrong = []
    window.on("weberror", lambda error: wrong.append(str(error.error)))
    window.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    window.on("request", lambda asked: told(asked.url, address) and wrong.append(asked.url))
    yield window
    window.close()
    assert not wrong


def told(url: str, address: str) -> bool:
    """Tell whether a request leaves the site."""
    return not url.startswith((address, f"blob:{address}", "data:"))


def opened(context, address: str, ready: bool = True):
    """Open the page, and wait until Python is there and has rendered."""
    page = context.new_page()
    page.goto(address)
    if ready:
        page.wait_for_function("document.body.dataset.state === 'ready'")
        done(page)
    return page


def done(page) -> None:
    """Wait until the page shows what is chosen."""
    page.wait_for_timeout(300)  # a text is taken up a moment after the last key
    page.wait_for_function("document.body.dataset.turn === 'done'")


def choose(page, given: dict) -> None:
    """Give these answers, as a person does."""
    for name, answer in given.items():
        question = rows.questions()[name]
        if question.get("multiselect"):
            for value in rows.choices(question):
                page.set_checked(f'#questions [name="{name}"][value="{value}"]', value in answer)
        elif "choices" in question:
            page.check(f'#questions [name="{name}"][value="{answer}"]')
        elif question["type"] == "bool":
            page.set_checked(f'#questions [name="{name}"]', answer)
        else:
            page.fill(f'#questions [name="{name}"]', answer)
    done(page)


def zipped(page, folder: Path) -> dict:
    """Download the ZIP, and give what is in it."""
    with page.expect_download() as waited:
        page.click("#zip")
    waited.value.save_as(folder / "project.zip")
    return unpacked((folder / "project.zip").read_bytes())


def from_here(files: dict, folder: Path) -> dict:
    """Give files as if their template had lain where Copier found it."""
    path, here = ".copier-answers.yml", recorded(folder)["_src_path"]
    mode, content = files[path]
    return files | {path: (mode, content.replace(SOURCE.encode(), here.encode()))}


def written(folder: Path) -> dict:
    """Give what Copier wrote, execute bits as yes or no."""
    return {path: (bool(mode), content) for path, (mode, content) in tree(folder).items()}


def clash() -> tuple[str, str, str]:
    """Give a question, an answer to it, and another that the first one forbids."""
    for pair in sorted(rows.excluded(), key=sorted):
        (one, yes), (other, too) = sorted(pair)
        name, _, answer = one.partition("/")
        if yes is True and too is True and other.startswith(f"{name}/"):
            lean = rows.lean()
            if rows.allowed(lean | {one: True}) and rows.allowed(lean | {other: True}):
                return name, answer, other.partition("/")[2]
    pytest.skip("no two answers to one question forbid each other")


def spoken(page) -> list[str]:
    """Give the words of the command on the page as a shell reads them."""
    return shlex.split(page.inner_text("#command").replace("\\\n", " "))


def new_answer() -> tuple[str, str]:
    """Give a question and an answer to it that the default project doesn't have."""
    for factor, yes in rows.FULL.items():
        name, _, answer = factor.partition("/")
        if answer and yes and answer not in rows.questions()[name]["default"]:
            return name, answer
    raise AssertionError("no question has several answers")


def test_every_row_is_what_copier_writes(context, address):
    page = opened(context, address)
    bridge = Bridge(ROOT, BUILD["told"](SOURCE.removeprefix("gh:"), VERSION))
    unequal, times = [], []
    for row in rows.every():
        given = rows.answers(row)
        made = page.evaluate("given => site.renderer.call('project', [given, 'project'])", given)
        times.append(page.evaluate("site.renderer.ms"))
        if made != json.loads(json.dumps(bridge.project(given, "project"))):
            unequal.append(rows.name(row))
    ready = page.evaluate("site.renderer.readyMs")
    middle = sorted(times)[len(times) // 2]
    print(f"{len(times)} rows; ready in {ready:.0f} ms; a render in {middle:.0f} ms")
    assert not unequal


@pytest.mark.parametrize("row", [rows.LEAN, rows.FULL], ids=rows.name)
def test_zip_is_what_copier_writes(row, context, address, repository, tmp_path):
    page = opened(context, address)
    choose(page, rows.answers(row))
    folder = copy(repository, tmp_path / "project", rows.answers(row), vcs_ref=VERSION)
    files = zipped(page, tmp_path)
    assert not differences(from_here(files, folder), written(folder))


def test_command_is_what_copier_takes(context, address, repository, tmp_path, monkeypatch):
    page = opened(context, address)
    first, *others = TEXTS
    choose(page, {first: "Some thing", **dict.fromkeys(others, 'It\'s "100 %" of $HOME')})
    choose(page, rows.answers(rows.FULL))
    monkeypatch.chdir(tmp_path)
    files, words = zipped(page, tmp_path), spoken(page)
    assert words[:2] == ["uvx", "copier"] and words[-2:] == [SOURCE, "some-thing"]
    done = run_copier(*words[2:-2], "--quiet", "--vcs-ref", VERSION, str(repository), "project")
    assert not done.returncode, done.stderr
    assert not differences(from_here(files, tmp_path / "project"), written(tmp_path / "project"))
    page.click("#cookiecutter")
    words = [str(repository) if word == SOURCE else word for word in spoken(page)[1:]]
    said = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
    assert not said.returncode, said.stderr
    assert not differences(
        from_here(files, tmp_path / "some-thing"), written(tmp_path / "some-thing")
    )


def test_flip_shows_what_comes_and_goes(context, address):
    page = opened(context, address)
    before = page.inner_text("#summary b")
    name, answer = new_answer()
    choose(page, {name: [*rows.questions()[name]["default"], answer]})
    assert page.inner_text("#summary b") != before
    assert page.locator("#tree .new, #tree .changed").count()
    page.locator("#tree .changed").first.click()
    page.click("#changed")
    assert page.locator("#code .more").count()
    page.select_option("#baseline", "defaults")
    choose(page, {name: rows.questions()[name]["default"]})
    assert page.inner_text("#summary") == before


def test_validators_grey_out_with_the_reason(context, address):
    name, one, other = clash()
    page = opened(context, address)
    choose(page, {name: [one]})
    field = page.locator(f'#questions [name="{name}"][value="{other}"]')
    assert field.is_disabled()
    assert field.locator("xpath=..").locator("em").inner_text()
    first = next(iter(rows.questions()))
    choose(page, {first: "1 bad name!"})
    assert page.locator(f"#wrong-{first}").inner_text()
    assert page.locator("#zip").is_disabled()
    choose(page, {first: "good name"})
    assert page.locator("#zip").is_enabled()


def test_link_restores_the_choices(context, address):
    page = opened(context, address)
    choose(page, rows.answers(rows.FULL))
    page.click("#link")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "#" in link and "%5B" not in link
    again = opened(context, link)
    assert again.evaluate("site.answers.get()") == page.evaluate("site.answers.get()")
    assert again.inner_text("#command") == page.inner_text("#command")


def test_pasted_answers_are_what_is_compared_with(context, address, render):
    folder = render(**rows.answers(rows.FULL))
    page = opened(context, address)
    page.click("#paste")
    page.fill("#pasted", "no answers")
    page.click("#take-answers")
    page.wait_for_selector("#pasted-wrong:not([hidden])")
    page.fill("#pasted", (folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    page.click("#take-answers")
    page.wait_for_selector("#answers:not([open])", state="attached")
    done(page)
    given = {name: answer for name, answer in recorded(folder).items() if name[0] != "_"}
    assert page.evaluate("site.answers.get()") == given
    choose(page, {SEVERAL: []})
    assert page.locator("#tree .gone").count()


def test_useful_before_python_is_there(browser, address):
    page = browser.new_page()
    page.route("**/python/**", lambda route: route.abort())
    page.goto(address)
    page.wait_for_selector("#code .line")
    name, values = next((n, v) for n, v in rows.factors().items() if len(v) > 2)
    other = next(value for value in values if value != rows.LEAN[name])
    page.check(f'#questions [name="{name}"][value="{other}"]')
    assert f"--data {name}={other}" in page.inner_text("#command")
    page.wait_for_selector("#summary ins, #summary del")
    page.wait_for_function("document.body.dataset.state === 'failed'")
    assert "Python didn't start" in page.inner_text("#state")
    page.evaluate("given => site.answers.set(given)", rows.answers(rows.FULL))
    words = page.evaluate("site.answers.toLink()")
    page.goto("about:blank")
    page.goto(f"{address}#{words}")
    page.wait_for_selector("#code .line")
    assert page.inner_text("#command").count("--data") > 5
    page.close()


def test_works_offline_once_seen(context, address):
    page = opened(context, address)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.wait_for_function("navigator.serviceWorker.controller")
    context.set_offline(True)
    page.reload()
    page.wait_for_function("document.body.dataset.state === 'ready'")
    choose(page, {SEVERAL: [next(iter(rows.choices(rows.questions()[SEVERAL])))]})
    assert page.locator("#tree .new").count()
    context.set_offline(False)


def test_is_light(built):
    weights = {path: path.stat().st_size for path in built.rglob("*") if path.is_file()}
    assert sum(weights.values()) < 8_000_000  # as they lie there, on a server that packs nothing


def test_no_name_of_this_machine_or_of_a_registry(built):
    for path in built.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".js", ".json", ".css"):
            assert str(ROOT) not in path.read_text(encoding="utf-8"), path


def test_keys_are_enough(context, address):
    page = opened(context, address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.locator("#tree summary").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#tree') !== null")


@pytest.mark.parametrize("form", ["light", "dark", "phone"])
def test_accessible(form, browser, address):
    size = {"width": 390, "height": 844} if form == "phone" else {"width": 1440, "height": 900}
    scheme = "dark" if form == "dark" else "light"
    page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.goto(address)
    page.wait_for_function("document.body.dataset.state === 'ready'", timeout=120_000)
    done(page)
    name, one, _ = clash()
    choose(page, {name: [one]})
    page.evaluate(runpy.run_path(str(ROOT / "site" / "fetched.py"))["axe"]())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(said => said.violations)")
    listed = [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found]
    assert not listed
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
