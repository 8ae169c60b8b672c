"""The page of a run that is too large for one page."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from report_runs import trial

from allegiance.analysis import tally
from allegiance.report.data import chosen
from allegiance.report.page import report_page
from allegiance.store.writer import Run


def test_all_violated_trials_have_a_transcript_and_the_others_an_even_sample() -> None:
    trials = [trial(n, flagged=n in (3, 50, 97)) for n in range(100)]
    picked = [number for number, _ in chosen(trials, tally(trials), 20)]
    assert len(picked) == 20
    assert {3, 50, 97} <= set(picked)
    gaps = [b - a for a, b in itertools.pairwise(picked)]
    assert max(gaps) <= 7


@pytest.mark.parametrize("violated", [0, 1, 9, 10, 50, 90, 99, 100])
@pytest.mark.parametrize("most", [1, 10, 99, 100, 500])
def test_a_page_holds_as_many_as_it_may_and_both_sorts(violated: int, most: int) -> None:
    trials = [trial(n, flagged=n < violated) for n in range(100)]
    picked = list(chosen(trials, tally(trials), most))
    assert len(picked) == min(100, most)
    assert all(trials[number] is item for number, item in picked)
    others = sum(item.outcome != "violated" for _, item in picked)
    assert others >= min(100 - violated, most // 10)


def test_a_page_that_leaves_trials_out_says_so_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [trial(n, flagged=n % 2 == 0) for n in range(50)]
    whole = report_page(Run(tmp_path, {}, trials)).decode()
    assert "This page lists" not in whole
    monkeypatch.setattr("allegiance.report.data.build.__defaults__", (None, 12))
    some = report_page(Run(tmp_path, {}, trials)).decode()
    assert (
        "This page lists 12 of the run&#39;s" in some or "This page lists 12 of the run's" in some
    )
    assert "<b>25 of 50</b>" in some
    record = json.loads(some.split('id="record">')[1].split("</script>")[0])
    assert len(record["trials"]) == 12
    index = json.loads(some.split('id="index">')[1].split("</script>")[0])
    assert index["total"] == 50
    assert [row[7] for row in index["rows"]] == [f"{row[8]:016x}" for row in index["rows"]]
