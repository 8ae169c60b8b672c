"""A worker that hangs, is killed or cannot send its answer: the run ends, with every trial once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from test_workers import prepared_configurations, processes

from allegiance.errors import UserError
from allegiance.experiment import Budget, Limits
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.run import processes as worker_processes
from allegiance.run import run
from allegiance.run.meter import Meter
from allegiance.run.pool import in_turn
from allegiance.run.processes import play_in_processes

APP = """
import os, sys, time
from allegiance.play.session import session
from langgraph.graph import END, START, MessagesState, StateGraph


class Unpicklable(BaseException):
    def __reduce__(self):
        raise TypeError("no pickle")


def act(state):
    if session().trial in {keys!r}:
        {what}
    return {{"messages": []}}


async def in_the_loop(state):
    return act(state)


def build(kit):
    graph = StateGraph(MessagesState)
    graph.add_node("act", in_the_loop)
    graph.add_edge(START, "act")
    graph.add_edge("act", END)
    return graph.compile()
"""
HANGS = "time.sleep(3600)"


def app_that(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch, index: int = 1
) -> PreparedConfiguration:
    """Return a configuration whose trial with this index does something; the others do nothing."""
    monkeypatch.syspath_prepend(folder)
    module = folder / "odd_app.py"
    module.write_text(APP.format(keys=[], what=what))
    sys.modules.pop("odd_app", None)
    spec = prepared_configurations()[0].spec
    prepared = prepare(spec.model_copy(update={"app": "odd_app:build", "pattern": "app"}))
    text = APP.format(keys=[prepared.key(0, index)], what=what)
    module.write_text(text + "# another size, so that no compiled module is reused\n")
    sys.modules.pop("odd_app", None)
    return prepare(prepared.spec)


def test_a_trial_that_hangs_its_worker_is_an_error_and_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "GRACE", 3.0)
    jobs = in_turn([app_that(HANGS, tmp_path, monkeypatch)], 4)
    limits = Limits(timeout=2)
    trials = list(play_in_processes(jobs, seed=0, concurrency=4, workers=1, limits=limits))
    errors = {t.trace.trial: t.trace.error for t in trials}
    assert len(trials) == 4
    assert errors == {0: None, 1: "WorkerHung: hung past the trial's time limit", 2: None, 3: None}
    assert processes() == []


def test_a_worker_that_is_stopped_and_never_begins_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = in_turn(prepared_configurations()[:1], 12)
    stream = play_in_processes(jobs, seed=0, concurrency=1, workers=1, limits=Limits(timeout=2))
    trials = [next(stream)]
    monkeypatch.setattr(worker_processes, "GRACE", 1.0)
    monkeypatch.setattr(worker_processes, "START", 20.0)
    os.kill(processes()[0], signal.SIGSTOP)
    trials += stream
    assert sorted(t.trace.trial for t in trials) == list(range(12))


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("raise Unpicklable('x')", "Unpicklable: x"),
    ],
)
def test_what_an_app_raises_is_the_error_of_its_trial(
    what: str, error: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = app_that(what, tmp_path, monkeypatch)
    if workers:
        jobs = in_turn([prepared], 3)
        limits = Limits()
        ended = list(play_in_processes(jobs, seed=0, concurrency=3, workers=1, limits=limits))
    else:
        ended = run([prepared.spec], trials=3)
    errors = {t.trace.trial: t.trace.error for t in ended}
    assert errors == {0: None, 1: error, 2: None}
    assert [t.outcome for t in ended if t.trace.trial == 1] == ["error"]


def test_a_worker_that_cannot_prepare_says_why() -> None:
    prepared = prepared_configurations()[0]
    spec = prepared.spec.model_copy(update={"app": 5})
    job = (replace(prepared, spec=spec), 0)
    with pytest.raises(UserError, match="a worker cannot go on: "):
        list(play_in_processes([job], seed=0, concurrency=1, workers=1, limits=Limits()))


def test_a_coroutine_that_is_closed_is_the_error_of_its_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def closed(*args: object) -> None:
        raise GeneratorExit("x")

    monkeypatch.setattr("allegiance.play.trial.play", closed)
    (trial,) = run([prepared_configurations()[0].spec], trials=1)
    assert (trial.outcome, trial.trace.error) == ("error", "GeneratorExit: x")


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_changes_no_limit(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = count()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump * next(steps))
    spec = prepared_configurations("scripted:paced:30:loyal")[0].spec
    (slow,) = run([spec], trials=1, limits=Limits(timeout=0.5))
    assert slow.trace.truncated == "time limit of 0.5 s reached"
    (quick,) = run([prepared_configurations()[0].spec], trials=1, limits=Limits(timeout=60))
    assert quick.outcome == "complied"
    meter = Meter(Budget(seconds=3600))
    assert meter.spent() == ""
    worker = worker_processes._Worker(multiprocessing.get_context("spawn"), 0, Limits(timeout=60))
    try:
        worker.owed["key"] = (prepared_configurations()[0], 0, 0)
        worker.begin("key")
        left = worker.deadline - time.monotonic()
        assert 0 < left <= 60 + worker_processes.GRACE
    finally:
        worker.close()
