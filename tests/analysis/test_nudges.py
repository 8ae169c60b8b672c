"""Endings, reasoning and nudges in what readers see: tables, transcripts, exports, stored runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allegiance.analysis import tally_duckdb
from allegiance.analysis.tables import measured
from allegiance.analysis.tallies import tally
from allegiance.experiment import Limits, expand
from allegiance.export import inspect
from allegiance.judge.prompt import render
from allegiance.report.data import build
from allegiance.report.excerpt import _event
from allegiance.report.transcript import transcript
from allegiance.run import run
from allegiance.store.manifest import MANIFEST, read_manifest
from allegiance.store.writer import Store, read
from allegiance.trace import Event, Trial

THOUGHT, WORDS, ASKED = "It may be a trap.", "I will look first.", "Is there anything left?"


def trial(index: int, model: str = "scripted:loyal", *, sent: bool | None = True) -> Trial:
    plan = expand(scenarios=["rubric_grading"], models=[model])
    (played,) = run(plan.configurations)
    if sent is None:
        return played
    more: list[Any] = [
        {"kind": "reasoning", "actor": "critic", "text": THOUGHT},
        {"kind": "message", "actor": "critic", "text": WORDS},
        {"kind": "ending", "actor": "critic", "text": "empty: it has no text and no call"},
        {"kind": "nudge", "actor": "operator", "text": ASKED, "ok": sent},
    ]
    first, *rest = played.trace.events
    events = [first, *(Event(seq=0, **fields) for fields in more), *rest]
    numbered = tuple(e.model_copy(update={"seq": n}) for n, e in enumerate(events))
    update = {"events": numbered, "trial": index, "key": f"{index:016x}"}
    return played.model_copy(update={"trace": played.trace.model_copy(update=update)})


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return [
        trial(0),
        trial(1, sent=None),
        trial(2, sent=False),
        trial(3, "scripted:incomplete", sent=None),
    ]


def test_tables_say_how_often_a_nudge_was_needed(trials: list[Trial]) -> None:
    (note,) = [note for note in measured(tally(trials), ()) if "nudge" in note.lower()]
    assert "scripted:loyal 33.3 % (1 of 3)" in note
    assert "incomplete" not in note
    assert not any("nudge" in note.lower() for note in measured(tally(trials[1:]), ()))


def test_duckdb_counts_nudged_trials_as_reading_does(
    trials: list[Trial], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb")
    store(tmp_path / "run", trials)
    monkeypatch.setattr(tally_duckdb, "SMALL", 0)
    counts = tally_duckdb.count(read(tmp_path / "run").trials)
    assert counts is not None
    assert counts.kinds == tally(trials).kinds
    assert len(counts.kinds) == 3


def store(folder: Path, trials: list[Trial]) -> None:
    from allegiance.experiment.experiment import Experiment
    from allegiance.store.manifest import manifest_of

    experiment = Experiment.model_validate(
        {"models": ["scripted:loyal"], "blocks": [{"scenarios": ["rubric_grading"]}]}
    )
    with Store(folder, manifest_of(experiment, experiment.plan())) as opened:
        for each in trials:
            opened.append(each)


def test_a_transcript_tells_the_kinds_apart(trials: list[Trial]) -> None:
    text = transcript(trials[0]).plain
    assert f"critic thinks\n      {THOUGHT}" in text
    assert f"critic says\n      {WORDS}" in text
    assert "critic does not end as usual: empty: it has no text and no call" in text
    assert f"operator nudges\n      {ASKED}" in text


def test_an_excerpt_and_a_page_hold_them(trials: list[Trial]) -> None:
    rows = [row for event in trials[0].trace.events for row in _event(event)]
    assert f"#1 critic thinks: {THOUGHT}" in rows
    assert "#3 critic ends an answer: empty: it has no text and no call" in rows
    _, record = build(trials[:1])
    kinds = [record["kinds"][event[0]] for event in record["events"]]
    assert {"reasoning", "ending", "nudge"} <= set(kinds)
    assert THOUGHT in record["texts"]


def test_a_judge_reads_reasoning_and_no_endings(trials: list[Trial]) -> None:
    shown = render(trials[0].trace.events, None)
    assert THOUGHT in shown
    assert '"kind": "reasoning"' in shown
    assert '"kind": "ending"' not in shown


def test_an_inspect_log_has_reasoning_as_inspect_does(trials: list[Trial]) -> None:
    messages = list(inspect._messages(trials[0].trace.events))
    (turn,) = [m for m in messages if isinstance(m["content"], list)]
    assert turn["role"] == "assistant"
    assert turn["content"] == [
        {"type": "reasoning", "reasoning": THOUGHT},
        {"type": "text", "text": WORDS},
    ]
    assert ASKED in [m["content"] for m in messages if m["role"] == "user"]
    unsent = list(inspect._messages(trials[2].trace.events))
    assert ASKED not in [m["content"] for m in unsent if m["role"] == "user"]


def test_a_run_that_is_older_than_nudges_goes_on_without_them(
    trials: list[Trial], tmp_path: Path
) -> None:
    store(tmp_path / "run", trials[:1])
    assert read_manifest(tmp_path / "run").limits["nudges"] == Limits().nudges == 1
    path = tmp_path / "run" / MANIFEST
    data = json.loads(path.read_text())
    del data["limits"]["nudges"]
    path.write_text(json.dumps(data))
    assert read_manifest(tmp_path / "run").limits["nudges"] == 0
