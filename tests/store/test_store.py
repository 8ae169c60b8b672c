from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.store import Manifest, Store
from allegiance.store.writer import MANIFEST, TRIALS, line, read
from allegiance.trace import SCHEMA, Condition, Effect, Event, Finding, Trace, Trial, Usage, Verdict

TEXT = 'gr\u00fc\u00df dich, \u2028\U0001f6a2 "quoted"\n\x00\x1b[31m\t'

PLAN = Manifest(started="2026-03-02T00:00:00+00:00", trials=1, seed=7, limits={}, configurations=())


def trial(index: int = 0, **trace: Any) -> Trial:
    events = (
        Event(seq=0, kind="message", actor="critic", text=TEXT),
        Event(
            seq=1,
            kind="tool_result",
            actor="critic",
            tool="t",
            args={"n": 1, "x": [1.5, None, True], TEXT: {"deep": TEXT}},
            call_id="c",
            effects=(
                Effect(verb="score", target="unit-7", value=60.0),
                Effect(verb="score", target="unit-7", value="60"),
                Effect(verb="write", target=TEXT, before=None, value=TEXT),
            ),
        ),
        Event(seq=2, kind="tool_call", actor="critic", args="{not json"),
        Event(seq=3, kind="end", actor="runner"),
    )
    finding = Finding(
        probe="p", behaviour="b", actor="critic", seqs=(1,), status="achieved", reason=TEXT
    )
    fields: dict[str, Any] = {
        "key": f"{index:016x}",
        "scenario": "s",
        "version": "1",
        "content": "c",
        "condition": Condition(relationship="good", pass_mark=90),
        "adapter": "a",
        "pattern": "p",
        "model": "m",
        "peer_model": "",
        "seed": 0,
        "trial": index,
        "provenance": {"python": "3"},
        "events": events,
        "usage": Usage(turns=1, input_tokens=2, output_tokens=3),
        "error": TEXT,
    }
    return Trial(
        outcome="violated",
        scores={"unit-7": "60", "unit-8": 60.0},
        verdicts=(Verdict(probe="p", behaviour="b", status="flagged", findings=(finding,)),),
        seconds=0.25,
        trace=Trace(**{**fields, **trace}),
    )


def written(folder: Path, *lines: bytes) -> Path:
    with Store(folder, PLAN):
        pass
    (folder / TRIALS).write_bytes(b"".join(lines))
    return folder


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    trials = tuple(trial(n) for n in range(3))
    with Store(tmp_path / "deep" / "run", PLAN) as store:
        for one in trials:
            store.append(one)
            assert read(store.folder).trials[-1] == one, "a trial is on disk as soon as it ends"
    run = read(tmp_path / "deep" / "run")
    assert run.trials == trials
    assert run.problems == ()
    assert run.manifest == PLAN.model_dump(mode="json")
    assert read(run.folder / TRIALS).trials == trials
    scores = [e.value for e in run.trials[0].trace.events[1].effects[:2]]
    assert scores == [60.0, "60"], "a number stays a number and a text a text"


def test_a_trial_is_one_line(tmp_path: Path) -> None:
    assert line(trial()).count(b"\n") == 1
    assert line(trial()).endswith(b"\n")


class Odd:
    def __str__(self) -> str:
        return "odd \ud800"


@pytest.mark.parametrize("value", [Odd(), {1, 2}, b"\xff", float("nan"), 10**400, "\ud800"])
def test_arguments_that_are_no_json_are_written_somehow_and_read(
    tmp_path: Path, value: object
) -> None:
    event = Event.model_construct(seq=0, kind="tool_call", actor="critic", args={"x": value})
    data = line(
        trial().model_copy(update={"trace": trial().trace.model_copy(update={"events": (event,)})})
    )
    run = read(written(tmp_path / "run", data))
    assert run.problems == ()
    assert run.trials[0].trace.events[0].kind == "tool_call"


def test_a_last_line_that_was_cut_off_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    run = read(written(tmp_path / "run", line(trial(0)), line(trial(1)), line(trial(2))[:-40]))
    assert [t.trace.trial for t in run.trials] == [0, 1]
    assert run.problems == ("trials.jsonl line 3 is not a whole trial: it is cut off or damaged",)


@pytest.mark.parametrize("garbage", [b"garbage\n", b"\xff\xfe\n", b"[1]\n", b"{}\n", b"[" * 9999])
def test_garbage_in_the_middle_is_named_and_the_rest_is_read(
    tmp_path: Path, garbage: bytes
) -> None:
    lines = (line(trial(0)), b"\n", garbage.rstrip(b"\n") + b"\n", line(trial(1)))
    run = read(written(tmp_path / "run", *lines))
    assert [t.trace.trial for t in run.trials] == [0, 1]
    (problem,) = run.problems
    assert "line 3" in problem


def test_another_schema_is_named_and_not_guessed_at(tmp_path: Path) -> None:
    same_shape = line(trial(0, schema_version=SCHEMA + 1))
    other_shape = same_shape.replace(b'"scenario"', b'"situation"')
    says = f"has schema {SCHEMA + 1}, but this version reads {SCHEMA}"
    run = read(written(tmp_path / "run", same_shape, other_shape, line(trial(1))))
    assert [t.trace.trial for t in run.trials] == [1]
    assert [says in problem for problem in run.problems] == [True, True]
    with pytest.raises(UserError, match=says):
        read(written(tmp_path / "other", same_shape))


def test_a_field_that_is_not_known_is_named(tmp_path: Path) -> None:
    odd = line(trial()).replace(b'"seconds"', b'"minutes":1,"seconds"')
    with pytest.raises(UserError, match=r"nothing can be read; .*line 1 .*minutes: Extra inputs"):
        read(written(tmp_path / "run", odd))


def test_a_run_without_trials_yet_is_a_run(tmp_path: Path) -> None:
    run = read(written(tmp_path / "run"))
    assert (run.trials, run.problems) == ((), ())


@pytest.mark.parametrize("name", [".", "none", "file.txt/x"])
def test_what_is_not_a_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(UserError, match=r"is not a run|cannot be read"):
        read(tmp_path / name)


def test_a_manifest_that_is_damaged_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", line(trial()))
    (folder / MANIFEST).write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        read(folder)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match=r"is not empty; name another folder with --out"):
        Store(tmp_path, PLAN)
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    with Store(tmp_path, PLAN) as store:
        store.append(trial())
    assert json.loads((tmp_path / MANIFEST).read_text()) == PLAN.model_dump(mode="json")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write to .*file.*run"):
        Store(tmp_path / "file" / "run", PLAN)
    with pytest.raises(UserError, match=r"cannot write to .*file'"):
        Store(tmp_path / "file", PLAN)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="Permission denied"):
        Store(tmp_path / "run", PLAN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_disk_that_is_full_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path / "run", PLAN)
    (tmp_path / "run" / TRIALS).unlink()
    with store, Path("/dev/full").open("ab", buffering=0) as full:
        store._file.close()
        store._file = full  # type: ignore[assignment]
        with pytest.raises(UserError, match="No space left"):
            store.append(trial())


@pytest.mark.parametrize("args", [("show",), ("gate",), ("report",), ("run", "--resume")])
def test_a_run_of_schema_1_is_named_with_what_to_do(tmp_path: Path, args: tuple[str, ...]) -> None:
    old = line(trial(0)).replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":1')
    folder = written(tmp_path / "run", old.replace(b'"condition"', b'"arm"'))
    (folder / MANIFEST).write_text('{"schema_version": 1, "trials": 1, "cells": []}')
    done = CliRunner().invoke(app, [*args, str(folder)])
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == (
        f"{str(folder)!r} cannot be read: it has schema 1, but this version reads {SCHEMA}; "
        "play it again, or use the version of allegiance that wrote it"
    )
