"""Hands records to sinks, each on a thread of its own, so that no call waits for a sink.

The queue of a sink is bounded. What does not fit is dropped and counted, and the sink is told of
the gap, so that a record of what happened never has a hole that nobody can see.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Sequence
from contextvars import Context, copy_context
from queue import SimpleQueue
from time import monotonic, time_ns

from allegiance.guard.decision import RECORD_TIME, TRACE_NUMBER, Record, Sink
from allegiance.guard.recent import describe_error
from allegiance.trace.events import Event

LONGEST_QUEUE = 10_000
"""The events that may wait for a sink; as many findings and decisions may wait besides."""

MOST_CHARACTERS = 50_000_000
"""The characters of texts and arguments that may wait for a sink."""

FLUSH_SECONDS = 2.0
"""How long a guard that is detached waits for its sinks."""

EXIT_SECONDS = 10.0
"""How long a process that ends waits for all sinks."""

_Item = tuple[Record, int, int, int, Context, int]
"""A record, its trace, its size, its time, its context, and the records dropped before it."""


class Delivery:
    """The lines to the sinks of a guard.

    Args:
        failures: The list that errors of sinks are added to.
    """

    def __init__(self, failures: list[str]) -> None:
        self._failures = failures
        self._lines: dict[int, _Line] = {}
        self._lock = threading.Lock()

    @property
    def dropped(self) -> int:
        """The records that were dropped because a sink was too slow."""
        return sum(line.dropped for line in list(self._lines.values()))

    def put(self, sinks: Sequence[Sink], record: Record, trace: int, size: int) -> None:
        """Hand a record to sinks, without waiting for them."""
        for sink in sinks:
            line = self._lines.get(id(sink))  # a line holds its sink, so that its id stays its own
            (line or self._new_line(sink)).put(record, trace, size)

    def flush(self, seconds: float) -> bool:
        """Wait until the sinks have what they were handed, and tell whether they have it."""
        return _flush(list(self._lines.values()), seconds) == []

    def _new_line(self, sink: Sink) -> _Line:
        with self._lock:
            line = self._lines.get(id(sink))
            if line is None:
                line = self._lines[id(sink)] = _Line(sink, self._failures)
                weakref.finalize(self, line.close).atexit = False
            return line

    def __deepcopy__(self, memo: object) -> Delivery:
        """Return new lines: threads cannot be copied."""
        return Delivery(self._failures)


class _Line:
    """The queue and the thread of one sink.

    Attributes:
        dropped: The records that were dropped.
        stuck: Whether the sink did not keep up the last time that somebody waited for it.
    """

    def __init__(self, sink: Sink, failures: list[str]) -> None:
        self.dropped = 0
        self.stuck = False
        self._sink = sink
        self._failures = failures
        self.reset()
        register = getattr(sink, "note_line", None)
        if callable(register):
            register(self)

    def reset(self) -> None:
        self._queue: SimpleQueue[_Item | _Flush | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._gap = 0
        self._characters = 0
        self._waiting = 0

    def put(self, record: Record, trace: int, size: int) -> None:
        """Add a record, or count it as dropped."""
        with self._lock:
            most = LONGEST_QUEUE if isinstance(record, Event) else 2 * LONGEST_QUEUE
            if self._waiting >= most or self._characters + size > MOST_CHARACTERS:
                self.dropped += 1
                self._gap += 1
                return
            self._waiting += 1
            self._characters += size
            self._queue.put((record, trace, size, time_ns(), copy_context(), self._gap))
            self._gap = 0
            if self._thread is None:
                self._start()

    def flush(self, seconds: float | None) -> bool:
        """Wait until the sink has every record so far, and tell whether it has them.

        A sink that did not keep up is not waited for again until it has.
        """
        return self.wait(self.mark(), seconds)

    @property
    def summary(self) -> str:
        """How far the sink is behind."""
        return f"{_name(self._sink)} is slow: {self._waiting} records wait for it"

    def mark(self) -> _Flush:
        """Put a mark after the records so far."""
        mark = _Flush()
        with self._lock:
            if self._waiting == 0 and not self._gap:
                mark.reached.set()
            elif self._thread is not threading.current_thread() and not self.stuck:
                mark.gap, self._gap = self._gap, 0
                self._queue.put(mark)
            else:
                mark.is_refused = True
        return mark

    def wait(self, mark: _Flush, seconds: float | None) -> bool:
        """Wait until a mark is reached, and tell whether it is."""
        if mark.is_refused:
            return False
        if mark.reached.wait(None if seconds is None else max(seconds, 0.0)):
            return True
        self.stuck = True
        self._failures.append(self.summary)
        return False

    def close(self) -> None:
        """End the thread when the sink has every record."""
        with self._lock:
            mark = _Flush()
            mark.gap, self._gap = self._gap, 0
            self._queue.put(mark)
            self._queue.put(None)

    def _start(self) -> None:
        _ACTIVE.add(self)
        self._thread = threading.Thread(target=self._serve, name="allegiance-sink", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        queue = self._queue
        while (item := queue.get()) is not None:
            if isinstance(item, _Flush):
                self._tell_gap(item.gap)
                self.stuck = False
                item.reached.set()
            else:
                record, trace, size, time, context, gap = item
                self._tell_gap(gap)
                context.run(self._hand, record, trace, time)
                with self._lock:
                    self._waiting -= 1
                    self._characters -= size
            del item
        _ACTIVE.discard(self)

    def _hand(self, record: Record, trace: int, time: int) -> None:
        TRACE_NUMBER.set(trace)
        RECORD_TIME.set(time)
        try:
            self._sink(record)
        except BaseException as error:  # noqa: BLE001 - an app must not depend on its sinks
            self._failures.append(f"{_name(self._sink)} failed: {describe_error(error)}")

    def _tell_gap(self, gap: int) -> None:
        if not gap:
            return
        self._failures.append(f"{_name(self._sink)} was too slow: {gap} records were dropped")
        try:
            tell = getattr(self._sink, "note_dropped", None)
            if callable(tell):
                tell(gap)
        except BaseException as error:  # noqa: BLE001 - an app must not depend on its sinks
            self._failures.append(f"{_name(self._sink)} failed: {describe_error(error)}")


class _Flush:
    """A mark in a queue that somebody waits for."""

    def __init__(self) -> None:
        self.gap = 0
        self.is_refused = False
        self.reached = threading.Event()


_ACTIVE: set[_Line] = set()
"""The lines with a thread; they outlive their guard until their sinks have every record."""


def _name(sink: Sink) -> str:
    try:
        return f"sink {sink!r}"
    except Exception:  # noqa: BLE001 - the sink of a user may have a broken __repr__
        return f"sink {type(sink).__name__}"


def _flush(lines: list[_Line], seconds: float) -> list[_Line]:
    """Wait for lines at the same time, and return those that did not keep up."""
    end = monotonic() + seconds
    marks = [(line, line.mark()) for line in lines]
    return [line for line, mark in marks if not line.wait(mark, end - monotonic())]


def _flush_all() -> None:
    """Wait for all sinks at the end of the process, and say which did not get everything."""
    lines = list(_ACTIVE)
    for line in lines:
        line.stuck = False
    for line in _flush(lines, EXIT_SECONDS):
        print(f"allegiance: {line.summary}, and the process ends", file=sys.stderr)


def _forget_threads() -> None:
    for line in list(_ACTIVE):  # the records that wait belong to the process that was forked
        line.reset()
    _ACTIVE.clear()


atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
