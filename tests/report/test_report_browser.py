"""The pages in a real browser. Needs Playwright and a Chromium; says so where there is none."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from report_runs import HOSTILE, trial, varied, write

from allegiance.report.page import report_page
from allegiance.store.writer import line, read

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on the PATH")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser():
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


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


def violations(axe, page):
    found = axe.run(page).response["violations"]
    return [
        (v["id"], v["impact"], n["html"], n["failureSummary"]) for v in found for n in v["nodes"]
    ]


def count(page):
    return page.locator("#count").inner_text()


def test_heat_map_to_transcript_in_two_clicks(opened):
    page = opened()
    page.locator("#map-model").select_option("openai:gpt-x")
    cell = page.get_by_role(
        "button", name=re.compile("misrepresentation, langgraph:swarm, .* good")
    )
    assert "interval" in cell.get_attribute("aria-label")
    flagged = int(re.search(r"(\d+) of", cell.get_attribute("aria-label")).group(1))
    cell.click()
    assert count(page) == f"{flagged} of 64 trials"
    page.locator("#rows a").first.click()
    assert page.locator("#trial-title").inner_text().endswith("rubric_grading")
    assert page.locator(".cited .finding.achieved").count() == 2
    assert page.locator("#e-1 .effects").inner_text().startswith("◇")
    assert "◆achieved: write desk:/ledger" in page.locator("#e-2 .effects").inner_text()
    assert page.locator("#e-2 .minus").inner_text() == "- b"
    page.locator(".verdicts a").first.click()
    assert page.evaluate("document.activeElement.id") == "e-1"
    page.go_back()
    page.go_back()
    assert count(page) == f"{flagged} of 64 trials"


def test_tip_shows_on_hover_and_on_focus_and_can_be_sent_away(opened):
    page = opened()
    cell = page.locator("button.cell").first
    tip = cell.locator(".tip")
    assert not tip.is_visible()
    cell.hover()
    assert tip.is_visible()
    assert "not_scored" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.move(0, 0)
    page.locator("#map-model").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.locator("button.cell:focus .tip").is_visible()


def test_a_page_of_some_trials_calls_them_by_their_numbers_in_the_run(opened, monkeypatch):
    monkeypatch.setattr("allegiance.report.data.build.__defaults__", (None, 4))
    page = opened([trial(n, flagged=n in (7, 19)) for n in range(20)])
    assert count(page) == "4 of 4 listed trials"
    assert "lists 4 of the run's 20 trials" in " ".join(page.inner_text("main").split())
    assert {"7", "19"} <= set(page.locator("#rows th").all_inner_texts())
    page.locator("#rows a", has_text="19").click()
    assert page.locator("#trial-title").inner_text().startswith("Trial 19: ")
    assert f"{19:016x}" in page.locator("#transcript").inner_text()


def test_what_was_intended_and_not_achieved_says_so(opened):
    page = opened([trial(rejected=True), trial(1, flagged=False)])
    page.locator("#rows a").first.click()
    text = page.locator("#e-1 .effects").inner_text()
    assert text.startswith("✕intended, not achieved: write")
    assert "attempted" in page.locator("#e-1 .finding").inner_text()
    assert page.locator("#e-2 .effects").count() == 0


def test_filters(opened):
    trials = [*varied(), trial(900, text="A rare Word here", outcome="objected", flagged=False)]
    page = opened(trials)
    assert count(page) == "65 of 65 trials"
    expected = {
        "scenario": ("disk_cleanup", lambda t: t.trace.scenario == "disk_cleanup"),
        "model": ("openai:gpt-x", lambda t: t.trace.model == "openai:gpt-x"),
        "pattern": ("langgraph:swarm", lambda t: t.trace.adapter == "langgraph"),
        "relationship": ("good", lambda t: t.trace.condition.relationship == "good"),
        "outcome": ("objected", lambda t: t.outcome == "objected"),
        "behaviour": ("weight exfiltration", lambda t: "weight" in t.verdicts[0].behaviour),
        "verdict": ("achieved", lambda t: t.verdicts[0].achieved),
    }
    for name, (value, fits) in expected.items():
        page.locator(f"#f-{name}").select_option(value)
        assert count(page) == f"{sum(map(fits, trials))} of 65 trials", name
        page.get_by_role("button", name="Clear").click()
    page.locator("#f-scenario").select_option("disk_cleanup")
    page.locator("#f-pattern").select_option("langgraph:swarm")
    assert count(page) == "16 of 65 trials"
    page.reload()
    assert count(page) == "16 of 65 trials"  # the choice is in the address
    page.get_by_role("button", name="Clear").click()
    page.locator("#f-text").fill("rare word")
    page.wait_for_url("**text=rare*")
    assert count(page) == "1 of 65 trials"
    page.locator("#rows a").click()
    assert page.locator("mark").first.inner_text() == "rare Word"


def test_pages_of_the_list(opened):
    page = opened()
    assert page.locator("#rows tr").count() == 25
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    assert page.locator("#page").inner_text() == "51 to 64"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.locator("#rows a").last.click()
    assert page.get_by_role("link", name="Next").count() == 0
    page.get_by_role("link", name="Previous").click()
    assert page.locator("#trial-title").inner_text().startswith("Trial 62:")


def focused(page, name):
    """Wait until an element has the focus: the page moves it once it has drawn."""
    page.wait_for_function("name => document.activeElement.id === name", arg=name)


def test_keyboard_alone(opened):
    page = opened()
    page.keyboard.press("Tab")
    focused(page, "skip")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    page.keyboard.press("Enter")
    focused(page, "list-title")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id.startsWith('row-')"):
            break
    row = page.evaluate("document.activeElement.id")
    page.keyboard.press("Enter")
    focused(page, "trial-title")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    focused(page, "back")
    page.keyboard.press("Enter")
    focused(page, row)


def test_hostile_texts_run_nothing_and_are_seen(opened):
    hostile = trial(text=HOSTILE, model=f"openai:{HOSTILE}", full_pattern=f"x:{HOSTILE}",
                    scenario=HOSTILE, behaviour=HOSTILE)  # fmt: skip
    page = opened([hostile, trial(1, flagged=False)])
    page.locator("#map-model").select_option(index=0)
    page.locator("button.cell").first.click()
    assert count(page) == "1 of 2 trials"
    page.locator("#f-text").fill("<img src=x")
    page.wait_for_url("**text=*")
    page.locator("#rows a").first.click()
    said = page.locator("#e-3 .text")
    assert "<img src=x onerror=" in said.inner_text()
    unseen = said.locator(".unseen").all_inner_texts()
    assert {"U+001B", "U+202E", "U+202C", "U+2066", "U+2069", "U+0000", "U+E0041"} <= set(unseen)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img, iframe, object, embed, form:not(#filters)").count() == 0
    links = page.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)


def test_no_markup_could_be_set_even_by_our_own_script(browser, tmp_path):
    page = browser.new_page()
    run = write(tmp_path / "run", [trial()])
    (run / "report.html").write_bytes(report_page(read(run)))
    page.goto((run / "report.html").as_uri())
    assert (
        page.evaluate("(() => { try { document.body.innerHTML = 'x' } catch { return 1 } })()") == 1
    )
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing(opened, scheme, size):
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    trials = [
        *varied(),
        trial(901, rejected=True),
        trial(902, not_scored=True, model="openai:other"),
    ]
    page = opened(trials, size=size, scheme=scheme)
    for detail in page.locator("details").all():
        detail.evaluate("(one) => { one.open = true; }")
    assert violations(module.Axe(), page) == []
    page.locator("#rows a").nth(1).click()
    assert violations(module.Axe(), page) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_sticks_out_sideways(opened, width):
    page = opened(size=(width, 800))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#rows a").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_shows_whole_texts(opened):
    page = opened([trial(text="A long line.\n" * 100)])
    page.locator("#rows a").first.click()
    block = page.locator("#e-3 .text")
    assert block.bounding_box()["height"] < 400
    page.emulate_media(media="print")
    assert block.bounding_box()["height"] > 1000
    assert not page.locator("#transcript nav").is_visible()


def test_ten_thousand_trials(opened):
    base = [
        t.model_copy(update={"trace": t.trace.model_copy(update={"scenario": f"scenario_{i}"})})
        for i in range(16)
        for t in varied(2)
    ]
    trials = []
    for i in range(10_000):
        one = base[i % len(base)]
        events = list(one.trace.events)
        events[3] = events[3].model_copy(update={"text": f"{events[3].text} number {i}."})
        trace = one.trace.model_copy(update={"key": f"{i:016x}", "events": tuple(events)})
        trials.append(one.model_copy(update={"trace": trace}))
    page = opened(trials)
    started = time.monotonic()
    page.reload()
    page.locator("#rows a").first.wait_for()
    assert time.monotonic() - started < 15
    page.locator("#f-text").fill("number 9999.")
    page.wait_for_url("**text=*")
    assert count(page) == "1 of 10,000 trials"
    page.locator("#rows a").click()
    assert "number 9999." in page.locator("#e-3 .text").inner_text()


def test_viewer_offers_new_trials_while_a_run_goes_on(opened, tmp_path):
    run = write(tmp_path / "runs" / "a run", [trial()], planned=2)
    command = [sys.executable, "-c", "from allegiance.cli import main; main()", "view",
               str(run.parent), "--port", "0"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().split()[0]
            page = opened(url=url)
            axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
            assert violations(axe.Axe(), page) == []
            page.get_by_role("link", name="a run").click()
            assert count(page) == "1 of 1 trials"
            with (run / "trials.jsonl").open("ab") as file:
                file.write(line(trial(1)))
            page.locator("#reload").click(timeout=120_000)
            page.locator("#row-1").wait_for()
            assert count(page) == "2 of 2 trials"
        finally:
            server.terminate()
