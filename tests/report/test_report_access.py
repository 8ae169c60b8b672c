"""The report in a real browser for everyone: keyboard, axe-core, screens, print, hostile text."""

import pytest
from browser_pages import count, focused, violations
from report_runs import HOSTILE, trial, varied, write

from allegiance.report.page import report_page
from allegiance.store.writer import read


def test_tip_shows_on_hover_and_on_focus_and_can_be_sent_away(opened):
    page = opened()
    cell = page.locator("button.cell").first
    tip = cell.locator(".tip")
    assert not tip.is_visible()
    cell.hover()
    assert tip.is_visible()
    assert "not scored" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.move(0, 0)
    page.locator("#map-model").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.locator("button.cell:focus .tip").is_visible()


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
    page = opened([hostile, trial(1, hit=False)])
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
