"""The pages in a real browser. Needs Playwright and a Chromium; says so where there is none."""

import os
import shutil

import pytest
from report_runs import varied, write

from allegiance.report.page import report_page
from allegiance.store.writer import read

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is on the PATH")
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=args)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open the report of some trials; nothing may be logged, requested or asked for."""
    wrong, pages = [], []

    def watch(page, address):
        page.on("console", lambda m: wrong.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: r.url.startswith((address, "data:,")) or wrong.append(r.url))

    def open_(trials=None, size="desktop", scheme="light", url=""):
        width, height = SIZES[size] if isinstance(size, str) else size
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        pages.append(page)
        if not url:
            run = write(tmp_path / f"run{len(pages)}", varied() if trials is None else trials)
            file = run / "report.html"
            file.write_bytes(report_page(read(run)))
            url = file.as_uri()
        watch(page, url.partition("/run/")[0] if url.startswith("http") else url)
        page.goto(url)
        return page

    yield open_
    for page in pages:
        page.close()
    assert wrong == []
