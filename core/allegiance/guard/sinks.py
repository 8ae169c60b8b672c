"""Sinks for a guard's records: a file, Python logging, OpenTelemetry. Any callable is a sink too.

Every string is redacted before it is written.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any, Protocol

from allegiance.errors import UserError, needed_by
from allegiance.guard.decision import RECORD_TIME, TRACE_NUMBER, Decision, Record
from allegiance.trace.events import Event, Finding
from allegiance.trace.redact import redact, redact_all

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

# Attribute names of the OpenTelemetry semantic conventions for generative AI (in development)
OPERATION = "gen_ai.operation.name"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
AGENT_NAME = "gen_ai.agent.name"
EVALUATION = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation"


class _Line(Protocol):
    def flush(self, seconds: float | None) -> bool:
        """Wait until the sink has every record so far."""


class JsonLines:
    """Appends each record to a file as one line of JSON, with its kind as ``record``.

    If records were dropped because the file was too slow, a line ``{"record": "dropped", "count":
    ...}`` stands in their place. A new file can be read by its owner only: arguments and messages
    may be confidential.

    Raises:
        UserError: If the file cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            self._file = open(path, "a", encoding="utf-8", opener=_open_private)  # noqa: SIM115 - open for the app's life; a Path takes no opener
        except OSError as error:
            raise UserError(f"cannot write to {str(path)!r}: {error.strerror}") from error
        self._lock = threading.Lock()
        self._lines: weakref.WeakSet[Any] = weakref.WeakSet()

    def __call__(self, record: Record) -> None:
        """Write a record and flush it."""
        self._write({"record": type(record).__name__.lower(), **record.model_dump(mode="json")})

    def note_dropped(self, count: int) -> None:
        """Write that records are missing here; a guard calls it."""
        self._write({"record": "dropped", "count": count})

    def note_line(self, line: _Line) -> None:
        """Keep a line of a guard, so that ``close`` can wait for its records."""
        self._lines.add(line)

    def close(self, seconds: float | None = 10.0) -> None:
        """Wait for the records that guards have handed over, and close the file.

        Args:
            seconds: How long to wait at most; None for as long as it takes.
        """
        for line in list(self._lines):
            line.flush(seconds)
        with self._lock:
            self._file.close()

    def _write(self, data: dict[str, Any]) -> None:
        text = json.dumps(redact_all(data))
        with self._lock:
            self._file.write(text + "\n")
            self._file.flush()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Logging:
    """Logs findings and decisions as warnings, and events at a lower level.

    Args:
        logger: Takes the records; the logger ``allegiance`` by default.
        events: The level of events; they are logged only if the logger is enabled for it.
    """

    def __init__(self, logger: logging.Logger | None = None, events: int = logging.DEBUG) -> None:
        self._logger = logger or logging.getLogger("allegiance")
        self._events = events

    def __call__(self, record: Record) -> None:
        """Log a record."""
        if isinstance(record, Finding):
            self._logger.warning(
                "%s (%s) by %s: %s",
                record.behaviour,
                record.status,
                record.actor,
                redact(record.reason),
            )
        elif isinstance(record, Decision):
            self._logger.warning("%s: %s", record.action, redact(record.message))
        elif self._logger.isEnabledFor(self._events):
            subject = record.tool or redact(record.text)
            self._logger.log(self._events, "%s %s: %s", record.actor, record.kind, subject)

    def note_dropped(self, count: int) -> None:
        """Log that records were dropped; a guard calls it."""
        self._logger.warning("%d records of the guard were dropped", count)


class OpenTelemetry:
    """Makes a span of every tool call, with findings as evaluation results on it.

    Several runs may share a sink: spans are kept apart by the trace that a record belongs to.

    Args:
        tracer: Starts the spans; the global provider's by default.

    Raises:
        UserError: If OpenTelemetry is not installed.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        with needed_by("the export of spans", "guard"):
            from opentelemetry import trace
        self._tracer = tracer or trace.get_tracer("allegiance")
        self._traces: dict[int, _Spans] = {}
        self._lock = threading.Lock()

    def __call__(self, record: Record) -> None:
        """Start, mark or end a span."""
        number = TRACE_NUMBER.get()
        with self._lock:
            spans = self._traces.setdefault(number, _Spans())
        if isinstance(record, Event):
            self._record_event(spans, record)
            if record.kind == "end":
                with self._lock:
                    del self._traces[number]
        elif spans.last is not None and isinstance(record, Finding):
            spans.last.add_event(
                EVALUATION,
                {
                    EVALUATION_NAME: record.behaviour,
                    EVALUATION_LABEL: record.status,
                    EVALUATION_EXPLANATION: redact(record.reason),
                },
            )
        elif spans.last is not None and isinstance(record, Decision):
            spans.last.set_attribute("allegiance.decision", record.action)

    def _record_event(self, spans: _Spans, event: Event) -> None:
        key = event.call_id or ""
        if spans.ending is not None:  # findings about a result come after it
            span, end_time = spans.ending
            span.end(end_time=end_time)
            spans.ending = None
        if event.kind == "tool_call":
            attributes: dict[str, Any] = {
                OPERATION: "execute_tool",
                TOOL_NAME: event.tool or "",
                TOOL_CALL_ID: key,
                AGENT_NAME: event.actor,
                "allegiance.bound": event.bound,
            }
            spans.last = spans.open[key] = self._tracer.start_span(
                f"execute_tool {event.tool}", attributes=attributes, start_time=_now()
            )
        elif event.kind == "tool_result" and key in spans.open:
            span = spans.last = spans.open.pop(key)
            span.set_attribute("allegiance.ok", event.ok)
            spans.ending = (span, _now())
        elif event.kind == "end":
            for span in spans.open.values():
                span.end()


def _now() -> int:
    """Return when the record came about: it may have waited for this sink."""
    return RECORD_TIME.get() or time_ns()


@dataclass
class _Spans:
    """The spans of one trace.

    Attributes:
        open: Spans of calls without a result, by the id of the call.
        last: The span that findings and decisions are about.
        ending: A span whose call has a result, and when that came, in nanoseconds.
    """

    open: dict[str, Span] = field(default_factory=dict)
    last: Span | None = None
    ending: tuple[Span, int] | None = None
