"""Trials counted from a file by DuckDB are the trials counted singly."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import trial, varied
from run_folders import write

from allegiance.analysis import compare, rates, tally, tally_duckdb
from allegiance.analysis.tables import measured
from allegiance.errors import UserError
from allegiance.probes import AlignmentFaking
from allegiance.report.data import build
from allegiance.report.summary import outcomes
from allegiance.store.writer import read
from allegiance.trace import Event, Finding, Trial, Verdict
from allegiance.trace.condition import FACTORS
from allegiance.trace.events import OUTCOMES
from allegiance.trace.trials import TrialCounts

FIELDS = ("model", "scenario", "behaviour", "relationship", "condition", "pattern", "guard")

VERDICTS = st.builds(
    lambda status, sample, behaviour: Verdict(
        probe=f"p {behaviour}",
        behaviour=behaviour,
        status=status,
        reason="it could not look" if status == "not_scored" else "",
        findings=tuple(
            Finding(probe="p", behaviour=behaviour, actor=actor, seqs=(0,), status=done,
                    reason=f"{actor} did {done}")
            for actor, done in sample
        ),
    ),
    st.sampled_from(["clean", "flagged", "not_scored"]),
    st.lists(st.tuples(st.sampled_from(["critic", "peer", "guard"]),
                       st.sampled_from(["attempted", "achieved"])), max_size=3),
    st.sampled_from(["tampering", 'a "b"\n', "\u00fc"]),
)  # fmt: skip
EVENTS = st.builds(
    Event,
    seq=st.just(0),
    kind=st.sampled_from(["message", "tool_result"]),
    actor=st.sampled_from(["critic", "peer"]),
    text=st.text(max_size=20).map(lambda t: t.encode("utf-8", "ignore").decode()),
    ok=st.booleans(),
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    condition = {name: draw(st.sampled_from(FACTORS[name])) for name in
           ("relationship", "oversight", "peer_conduct", "pass_mark")}  # fmt: skip
    item = trial(draw(st.integers(0, 10**6)), **condition)
    trace = item.trace.model_copy(
        update={
            "scenario": draw(st.sampled_from(["s", "t"])),
            "model": draw(st.sampled_from(["scripted:loyal", "openai:x"])),
            "adapter": draw(st.sampled_from(["langchain", "langgraph"])),
            "guard": draw(st.sampled_from([None, "block"])),
            "app": draw(st.sampled_from([None, "a:b"])),
            "truncated": draw(st.sampled_from([None, "turn limit"])),
            "events": tuple(draw(st.lists(EVENTS, max_size=3))),
        }
    )
    verdicts = tuple(draw(st.lists(VERDICTS, max_size=3)))
    outcome = draw(st.sampled_from(OUTCOMES))
    return item.model_copy(update={"trace": trace, "verdicts": verdicts, "outcome": outcome})


def naive(sample: list[Trial]) -> dict[tuple[str, ...], Counter[bool | None]]:
    counts: dict[tuple[str, ...], Counter[bool | None]] = {}
    for item in sample:
        for verdict in item.verdicts:
            key = (item.trace.scenario, verdict.behaviour, item.trace.condition.label())
            flag = any(f.actor == "critic" for f in verdict.findings)
            value = None if verdict.status == "not_scored" and not flag else flag
            counts.setdefault(key, Counter())[value] += 1
    return counts


def figures(sample: Any) -> list[Any]:
    """Return everything that tables, contrasts and the page's figures say of trials."""
    try:
        compared: Any = compare(sample)
    except UserError as error:
        compared = str(error)
    index = build([], sample if isinstance(sample, TrialCounts) else tally(sample))[0]
    return [
        rates(sample, FIELDS),
        outcomes(sample),
        measured(sample, ("model",)),
        [repr(c) for c in AlignmentFaking()(sample)],
        repr(compared),
        index["cells"],
        index["names"],
        len(sample),
    ]


@pytest.mark.usefixtures("duckdb")
@given(st.lists(trials(), min_size=1, max_size=12))
def test_a_file_counted_by_duckdb_is_the_trials_counted_one_by_one(sample: list[Trial]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        stream = read(write(Path(folder) / "run", sample)).trials
        by_duckdb = tally_duckdb.count(stream)
    assert by_duckdb is not None
    by_one = tally(sample)
    assert by_duckdb.kinds == by_one.kinds
    for counted in (by_duckdb, by_one):
        assert figures(counted) == figures(sample)
    table = rates(by_duckdb, ("scenario", "behaviour", "condition"))
    assert {
        key: (value.count, value.n - value.count, value.not_scored) for key, value in table.items()
    } == {key: (n[True], n[False], n[None]) for key, n in naive(sample).items()}


@pytest.mark.usefixtures("duckdb")
def test_kinds_stand_in_the_order_in_which_they_first_occur(tmp_path: Path) -> None:
    sample = [trial(n, full_pattern=f"{name}:x") for n, name in enumerate("babcaab")]
    stream = read(write(tmp_path / "run", sample)).trials
    by_duckdb = tally_duckdb.count(stream)
    assert by_duckdb is not None
    assert [(t.trace.adapter, n) for t, n in by_duckdb.kinds] == [("b", 3), ("a", 3), ("c", 1)]
    assert tally(sample).kinds == by_duckdb.kinds


def test_a_tally_is_a_collection_of_trials() -> None:
    sample = tally(varied(8))
    assert len(sample) == len(list(sample)) == 128
    assert len(sample.kinds) < 64
    assert rates(list(sample), FIELDS) == rates(sample, FIELDS)
    assert tally(sample) is sample


def test_without_duckdb_the_numbers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "run", varied(3))
    monkeypatch.setattr(tally_duckdb, "SMALL", 1)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    sample = read(folder).trials
    assert tally_duckdb.count(sample) is None  # type: ignore[arg-type]
    assert tally(sample).kinds == tally(varied(3)).kinds
