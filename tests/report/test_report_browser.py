"""The report in a real browser: heat maps, filters, lists, transcripts and the viewer."""

import re
import subprocess
import sys
import time

import pytest
from browser_pages import count, violations
from report_runs import trial, varied, write

from allegiance.store.writer import line


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
