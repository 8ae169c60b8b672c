"""Sinks get records on threads of their own, in order, and no record is lost in silence."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import stat
import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from allegiance.guard import Guard, Watch, delivery
from allegiance.guard.decision import RECORD_TIME
from allegiance.guard.sinks import JsonLines, Logging


class Gated:
    """A sink that takes no record until it is released."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.records: list[Any] = []

    def __call__(self, record: Any) -> None:
        self.entered.set()
        self.open.wait(30)
        self.records.append(record)

    def note_dropped(self, count: int) -> None:
        self.records.append(count)


def talk(watch: Watch, first: int, last: int) -> None:
    for n in range(first, last):
        watch.message("ops", f"message {n}")


def test_a_slow_sink_holds_up_no_call_and_keeps_the_order() -> None:
    slow, quick = Gated(), list[Any]()
    guard = Guard([], sinks=[slow, quick.append])
    watch = Watch(guard)
    talk(watch, 0, 50)
    assert slow.records == []  # the calls came back before the sink took anything
    assert not guard.flush(0.01)
    assert "is slow" in guard.failures[0]
    slow.open.set()
    while not guard.flush(5):
        pass
    assert [r.seq for r in slow.records] == [r.seq for r in quick] == list(range(50))
    assert guard.dropped == 0


def test_what_is_dropped_is_counted_and_the_sink_is_told_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "LONGEST_QUEUE", 10)
    slow = Gated()
    guard = Guard([], sinks=[slow])
    watch = Watch(guard)
    talk(watch, 0, 30)
    assert guard.dropped == 20
    slow.open.set()
    guard.flush(5)
    talk(watch, 30, 32)
    assert guard.flush(5)
    shown = [r if isinstance(r, int) else r.seq for r in slow.records]
    assert shown == [*range(10), 20, 30, 31]
    assert any("too slow: 20 records were dropped" in failure for failure in guard.failures)


def test_long_records_are_bounded_by_their_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MOST_CHARACTERS", 1000)
    slow = Gated()
    guard = Guard([], sinks=[slow])
    for _ in range(5):
        Watch(guard).before("ops", "t", {"p": "x" * 300})
    assert guard.dropped == 2
    slow.open.set()
    assert guard.flush(5)


def test_a_file_shows_its_gaps_and_is_private(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = os.umask(0)
    try:
        lines = JsonLines(tmp_path / "guard.jsonl")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "guard.jsonl").stat().st_mode) == 0o600
    guard = Guard([], sinks=[lines])
    watch = Watch(guard)
    talk(watch, 0, 100)
    lines.note_dropped(3)
    lines.close()  # waits for what the guard has handed over
    records = [json.loads(line) for line in (tmp_path / "guard.jsonl").read_text().splitlines()]
    assert sorted(r["seq"] for r in records if r["record"] == "event") == list(range(100))
    assert {"record": "dropped", "count": 3} in records
    talk(watch, 100, 101)
    guard.flush()
    assert any("closed file" in failure for failure in guard.failures)
    Logging().note_dropped(4)
    assert "4 records of the guard were dropped" in caplog.text


def test_detaching_waits_for_the_sinks_and_not_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = list[Any]()
    guard = Guard([], sinks=[heard.append])
    with guard.attach() as watch:
        talk(watch, 0, 500)
    assert len(heard) == 501

    async def main() -> None:
        async with guard.attach() as watch:
            talk(watch, 0, 500)

    asyncio.run(main())
    assert len(heard) == 1002
    hangs = Gated()
    guard = Guard([], sinks=[hangs])
    line = guard._delivery
    monkeypatch.setattr(line, "flush", lambda seconds: type(line).flush(line, 0.01))
    for _ in range(3):
        with guard.attach() as watch:
            talk(watch, 0, 1)
    assert sum("is slow" in failure for failure in guard.failures) == 1  # not waited for again
    hangs.open.set()


@pytest.mark.parametrize("error", [OSError("disk full"), SystemExit(1), KeyboardInterrupt()])
def test_a_sink_that_fails_is_counted_and_the_others_go_on(error: BaseException) -> None:
    def fails(record: Any) -> None:
        raise error

    heard = list[Any]()
    guard = Guard([], sinks=[fails, heard.append])
    talk(Watch(guard), 0, 1500)
    assert guard.flush(10)
    assert guard.failures.total == 1500
    assert len(guard.failures) == 1000
    assert type(error).__name__ in guard.failures[0]
    assert len(heard) == 1500


def test_a_sink_runs_in_the_context_and_knows_the_time_of_its_record() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    heard = list[tuple[str, bool]]()
    guard = Guard([], sinks=[lambda record: heard.append((request.get(), RECORD_TIME.get() > 0))])
    token = request.set("request 7")
    talk(Watch(guard), 0, 1)
    request.reset(token)
    guard.flush()
    assert heard == [("request 7", True)]


def test_records_outlive_their_guard_and_its_thread_ends() -> None:
    slow = Gated()
    guard = Guard([], sinks=[slow])
    talk(Watch(guard), 0, 5)
    (line,) = [line for line in delivery._ACTIVE if line._sink is slow]
    thread = line._thread
    assert thread is not None
    del guard
    gc.collect()
    slow.open.set()
    thread.join(10)
    assert [r.seq for r in slow.records] == list(range(5))
    assert line not in delivery._ACTIVE


def test_a_process_that_ends_waits_for_its_sinks() -> None:
    code = """
import time
from allegiance.guard import Guard, Watch
def slow(record):
    time.sleep(0.05)
    print(record.seq, flush=True)
watch = Watch(Guard([], sinks=[slow]))
for n in range(10):
    watch.message("ops", "hello")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(n) for n in range(10)]
    assert done.stderr == ""


def test_a_process_that_was_forked_has_none_of_the_records_that_wait() -> None:
    slow = Gated()
    guard = Guard([], sinks=[slow])
    talk(Watch(guard), 0, 5)
    slow.entered.wait(10)
    (line,) = [line for line in delivery._ACTIVE if line._sink is slow]
    queue = line._queue
    delivery._forget_threads()  # what os.fork calls in the new process
    assert line._queue is not queue
    assert line._thread is None
    slow.open.set()
    queue.put(None)
