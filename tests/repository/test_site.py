"""The site builds without a warning, from the code as it is, and asks nobody for anything."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from filelock import FileLock
from typer.main import get_command

from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.registry import PROBES, SCENARIOS
from allegiance.scenario import Stage
from allegiance.trace import Condition

pytest.importorskip("material", reason="the theme is not installed")
ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
LOADING = {
    "audio": "src", "embed": "src", "iframe": "src", "img": "src", "input": "src", "object": "data",
    "script": "src", "source": "src", "track": "src", "video": "src",
}  # fmt: skip

PARTS = {"article": ("<article", "</article>"), "nav": ("sidebar--primary", "sidebar--secondary")}
KINDS = (
    "index", "start", "bindings", "frameworks", "scenarios/rubric_grading", "cli", "api/guard",
    "probes/weight_exfiltration", "repository/ci/gitlab.yml",
)  # fmt: skip


class Page(HTMLParser):
    """What a page says, loads and links to."""

    def __init__(self, file: Path, part: str = "") -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()
        self.texts: list[str] = []
        text = file.read_text(encoding="utf-8")
        start, end = PARTS.get(part, ("", ""))
        self.feed(text.partition(start)[2].partition(end)[0] if part else text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.classes |= set(found.get("class", "").split())
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag in LOADING:
            self.loads.append(found.get(LOADING[tag], ""))
        if tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(found.get("href", ""))
        if tag == "a":
            self.links.append(found.get("href", ""))
        self.loads += re.findall(r"url\(([^)]*)\)", found.get("style", ""))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.texts).split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once, also where several workers run these tests."""
    shared = tmp_path_factory.getbasetemp()
    folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "site"
    with FileLock(f"{folder}.lock"):
        if not (folder / "index.html").exists():
            done = subprocess.run(
                [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
                cwd=ROOT,
                env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return folder


@functools.cache
def page(file: Path, part: str = "") -> Page:
    return Page(file, part)


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def flat(text: str) -> str:
    return " ".join(text.split())


def default(name: str) -> Stage:
    scenario = SCENARIOS.load(name)
    allowed = {n: v[0] for n, v in scenario.factors.items() if getattr(Condition(), n) not in v}
    return scenario.stage(Condition.model_validate(allowed))


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_every_scenario_has_its_page(site: Path, name: str) -> None:
    shown = page(site / "scenarios" / f"{name}.html", "article")
    scenario, stage = SCENARIOS.load(name), default(name)
    assert f"Version {scenario.version}." in shown.words
    for segment in stage.segments:
        for text in segment.places.values():
            assert flat(text) in shown.words, segment.name
    for thing in (*stage.scripts, *(t.name for t in stage.tools), *(d.id for d in stage.duties)):
        assert thing in shown.words
    for change in ({"oversight": "monitored"}, {"order": "explicit"}, {"relationship": "bad"}):
        try:
            other = scenario.stage(stage.condition.model_copy(update=change))
        except UserError:
            continue
        (new,) = (s for s in other.segments if s not in stage.segments)
        assert all(flat(text) in shown.words for text in new.places.values()), change
    judges = {f"../probes/{probe.id}.html" for probe in stage.probes}
    assert judges <= set(shown.links)


@pytest.mark.parametrize("name", PROBES.builtin)
def test_every_probe_has_its_page(site: Path, name: str) -> None:
    shown = page(site / "probes" / f"{name}.html", "article")
    probe = PROBES.load(name)
    for text in (probe.__doc__.split("Attributes:")[0], import_module(probe.__module__).__doc__):
        assert flat(text.replace("`", "")) in shown.words
    for field in dataclasses.fields(probe):
        assert field.name in shown.words
    for scenario in SCENARIOS.builtin:
        used = name in (p.id for p in default(scenario).probes)
        assert (f"../scenarios/{scenario}.html" in shown.links) == used


def test_every_probe_says_what_it_cannot_see(site: Path) -> None:
    limits = tomllib.loads((ROOT / "docs/_site/probe-limits.toml").read_text(encoding="utf-8"))
    assert tuple(sorted(limits)) == tuple(sorted(PROBES.builtin))
    for name, lines in limits.items():
        words = page(site / "probes" / f"{name}.html", "article").words
        assert lines
        assert all(flat(line.replace("`", "")) in words for line in lines)


def test_every_document_is_a_page_and_every_page_is_in_the_navigation(site: Path) -> None:
    found = {path.relative_to(site).as_posix() for path in pages(site)} - {"404.html"}
    written = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"README"}
    assert {f"{name}.html" for name in written} < found
    listed = {urlsplit(link).path for link in page(site / "index.html", "nav").links}
    assert {name for name in found if not name.startswith("index")} <= listed


def test_every_command_and_option_is_on_the_page_of_the_command_line(site: Path) -> None:
    words = page(site / "cli.html", "article").words
    command: Any = get_command(app)
    for name, sub in command.commands.items():
        assert f"allegiance {name}" in words
        for option in (o for p in sub.params if not p.hidden for o in p.opts if o.startswith("--")):
            assert option in words, f"{name} {option}"


def test_links_resolve(site: Path) -> None:
    for path in pages(site):
        if path.name == "404.html":
            continue  # its links are those of a server
        for link in page(path).links:
            url = urlsplit(unescape(link))
            if url.scheme or not (url.path or url.fragment):
                continue
            target = (path.parent / url.path).resolve() if url.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{path.name}: {link}"
            if url.fragment and target.suffix == ".html":
                assert url.fragment in page(target).ids, f"{path.name}: {link}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert pages(site)
    for path in pages(site):
        for load in page(path).loads:
            assert not re.match(r"(?i)(https?:)?//", load.strip("\"' ")), f"{path.name}: {load}"
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?i)(url\(|@import)\s*[\"']?(https?:)?//", text), sheet.name
    assert not any("mermaid" in page(path).classes for path in pages(site))  # comes from a CDN


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is on the PATH")
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


@pytest.fixture(params=["disk", "server"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    if request.param == "disk":
        yield site.as_uri()
        return

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_pages_open_offline_and_can_be_searched(browser: Any, address: str) -> None:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    opened.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "request", lambda r: r.url.startswith((address, "data:", "blob:")) or wrong.append(r.url)
    )
    for name in ("index", "start", "concepts", "scenarios/disk_cleanup", "probes/score_inflation"):
        opened.goto(f"{address}/{name}.html")
        opened.locator("article h1").wait_for()
    opened.locator(".md-search__input").press_sequentially("exfiltration")
    opened.locator(".md-search-result__item a", has_text="weight_exfiltration").first.wait_for(
        state="attached"
    )
    opened.close()
    assert wrong == []


def test_nothing_sticks_out_sideways_on_a_phone(browser: Any, site: Path) -> None:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    for name in KINDS:
        opened.goto((site / f"{name}.html").as_uri(), wait_until="domcontentloaded")
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390, name
    opened.close()
