"""The documentation as it is built: whole, without a dead link, and asking no other server."""

import html.parser
import runpy
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag

import filelock
import pytest
import rows
from bridge import Bridge
from conftest import ROOT

pytest.importorskip("sphinx", reason="sphinx isn't installed")
pytest.importorskip("furo", reason="furo isn't installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("npm"), reason="npm, which brings Pyodide, isn't installed"
    ),
]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
BUILD = runpy.run_path(str(ROOT / "site" / "build.py"))
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}


class Links(html.parser.HTMLParser):
    """What a page leads to, what it loads, and what can be led to in it."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loaded, self.marks = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, given):
        said = dict(given)
        self.marks |= {said[key] for key in ("id", "name") if said.get(key)}
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        if said.get(LOADED.get(tag)):
            self.loaded.append(said[LOADED[tag]])


@pytest.fixture(scope="module")
def site(shared) -> Path:
    """Build the whole site."""
    with filelock.FileLock(f"{shared}/docs.lock"):
        if not (shared / "docs/docs").exists():
            BUILD["build"](shared / "docs", "OWNER/copier-accelerate", "v999.0.0")
    return shared / "docs"


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Links]:
    """Give all pages, read."""
    return {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_links_lead_somewhere(pages, site):
    dead = []
    for path, page in pages.items():
        for link in [each for each in page.links + page.loaded if ":" not in each.split("/")[0]]:
            place, mark = urldefrag(link)
            target = (path.parent / unquote(place.partition("?")[0])).resolve() if place else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].marks if target in pages else {mark}
            # A mark with = is a choice of the configurator, and not a place.
            if not target.is_file() or ("=" not in mark and unquote(mark) not in known):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert not dead


def test_nothing_is_loaded_from_elsewhere(pages):
    assert not [each for page in pages.values() for each in page.loaded if "//" in each]


def test_every_answer_has_its_page(site):
    for name, question in rows.questions().items():
        for answer in rows.choices(question):
            text = (site / "docs" / name / f"{answer}.html").read_text(encoding="utf-8")
            assert f"{name}={answer}" in text


def test_every_setting_is_in_the_reference(site):
    bridge = Bridge(ROOT, BUILD["told"]("OWNER/copier-accelerate", "v999.0.0"))
    listed = runpy.run_path(str(ROOT / "site" / "settings.py"))["listed"]
    text = (site / "docs/reference.html").read_text(encoding="utf-8")
    for row in rows.every():
        found = listed(bridge.project(rows.answers(row), "project")["files"])
        assert len(found) > 20
        assert not [key for key in found if f">{key}<" not in text]
        assert all(meaning for _, _, meaning in found.values())


def test_is_searched_without_a_server(site):
    assert (site / "docs/searchindex.js").stat().st_size > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(scheme, site):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    if not CHROMIUM:
        pytest.skip("chromium isn't installed")
    name, question = next((n, q) for n, q in rows.questions().items() if q.get("multiselect"))
    places = ["index", "tutorial", "reference", f"{name}/{next(iter(rows.choices(question)))}"]
    axe = runpy.run_path(str(ROOT / "site" / "fetched.py"))["axe"]()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, found = browser.new_page(color_scheme=scheme), []
        for place in places:
            page.goto((site / "docs" / f"{place}.html").as_uri())
            page.evaluate(axe)
            said = page.evaluate("axe.run().then(said => said.violations)")
            found += [(place, each["id"], each["nodes"][0]["html"][:120]) for each in said]
        browser.close()
    assert not found
