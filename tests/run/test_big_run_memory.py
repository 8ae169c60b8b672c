"""A run of ten times the trials takes no more memory, and the gate keeps a few trials of it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from report_runs import trial
from run_folders import real, write

from allegiance.analysis import tally
from allegiance.export import csv
from allegiance.gate import Criteria, decide
from allegiance.gate.verdict import MOST_CAUSES, MOST_EVIDENCE, OTHER_CAUSES
from allegiance.report.data import build
from allegiance.run.rescore import rescore
from allegiance.store.merge import merge
from allegiance.store.writer import TRIALS, read
from allegiance.trace import Trial

WIDE = "\u00fc" * 4000  # makes a trial about as large as those of models are


def large(count: int) -> Iterator[Trial]:
    for n in range(count):
        yield trial(n, text=f"{n} {WIDE}", flagged=n % 3 == 0, not_scored=n % 7 == 0)


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that Python held while some work was done."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _counted(folder: Path, out: Path) -> None:
    assert len(tally(iter(read(folder).trials))) > 0


def _gated(folder: Path, out: Path) -> None:
    report = decide(read(folder).trials, Criteria(), baseline=read(folder).trials)
    assert report.rulings[0].rate.count > MOST_EVIDENCE


def _exported(folder: Path, out: Path) -> None:
    csv.write(read(folder), out)


def _listed(folder: Path, out: Path) -> None:
    assert read(folder).trials[-1].outcome


def _indexed(folder: Path, out: Path) -> None:
    index, _ = build(read(folder).trials, most=50)
    assert len(index["rows"]) == 50


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A run, one of ten times the trials, and the memory that a list of the latter takes."""
    folder = tmp_path_factory.mktemp("sizes")
    few, many = write(folder / "few", large(60)), write(folder / "many", large(600))
    assert (many / TRIALS).stat().st_size > 10_000_000
    tally(read(many).trials)  # imports what counts large files, once
    return few, many, peak(lambda: list(read(many).trials))


@pytest.mark.parametrize("work", [_counted, _gated, _exported, _listed, _indexed])
def test_ten_times_the_trials_take_no_more_memory(
    tmp_path: Path, work: Callable[[Path, Path], None], sizes: tuple[Path, Path, int]
) -> None:
    few, many, as_a_list = sizes
    work(few, tmp_path / "out")  # what is imported or built once is no trial's
    small = peak(lambda: work(few, tmp_path / "out"))
    big = peak(lambda: work(many, tmp_path / "out"))
    assert big < 1.5 * small + 100_000
    assert as_a_list > 3 * small, "a list of them would be seen"


@pytest.mark.parametrize("work", [rescore, lambda folder, out: merge([folder], out)])
def test_rescoring_and_merging_hold_one_trial_at_a_time(
    tmp_path: Path, work: Callable[[Path, Path], object]
) -> None:
    few, many = real(tmp_path / "few", 40), real(tmp_path / "many", 400)
    work(few, tmp_path / "warm")
    small = peak(lambda: work(few, tmp_path / "out1"))
    big = peak(lambda: work(many, tmp_path / "out2"))
    assert len(read(tmp_path / "out2").trials) == 400
    assert big < 1.5 * small + 200_000  # the keys of 400 trials are a few ten thousand bytes
    assert peak(lambda: list(read(many).trials)) > 3 * small


def test_the_gate_cites_the_first_trials_and_counts_all() -> None:
    trials = [trial(n, flagged=n >= 5) for n in range(60)]
    (ruling,) = decide(trials, Criteria()).rulings
    assert ruling.rate.count == 55
    assert [e.line for e in ruling.evidence] == list(range(6, 6 + MOST_EVIDENCE))


def test_causes_beyond_a_limit_are_counted_as_one() -> None:
    errors = [
        failed.model_copy(
            update={"trace": failed.trace.model_copy(update={"error": f"request {n}"})}
        )
        for n, failed in enumerate(trial(i, not_scored=True) for i in range(MOST_CAUSES + 9))
    ]
    (ruling,) = decide(errors, Criteria()).rulings
    assert ruling.causes[OTHER_CAUSES] == 9
    assert sum(ruling.causes.values()) == MOST_CAUSES + 9
