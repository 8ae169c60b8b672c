"""Spans of OpenTelemetry, from OTLP's JSON and from the Python SDK's ``span.to_json()``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allegiance.scan.steps import UnreadableError, short

Json = Mapping[str, Any]
_SPANS = ("resourceSpans", "resource_spans", "batches")
_LOGS = ("resourceLogs", "resource_logs")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")


@dataclass(frozen=True)
class Record:
    """An event of a span, or a log record that belongs to one.

    Attributes:
        name: The event's name.
        when: When, in nanoseconds.
        data: Its attributes, and its body's fields where it has a body.
    """

    name: str
    when: int
    data: Json


@dataclass(frozen=True)
class Span:
    """A span.

    Attributes:
        trace: The trace's id.
        id: Its own id.
        parent: The id of the span that it is part of, if any.
        name: Its name.
        start: When it began, in nanoseconds.
        end: When it ended, if it did.
        attributes: Its attributes.
        events: Its events.
        error: Why it failed, if it did.
        scope: The library that wrote it, where it is given.
    """

    trace: str
    id: str
    parent: str | None
    name: str
    start: int
    end: int | None
    attributes: Json
    events: tuple[Record, ...] = ()
    error: str | None = None
    scope: str = ""


def is_spans(data: object) -> bool:
    """Tell whether a document holds spans, or logs of them."""
    if not isinstance(data, Mapping):
        return False
    data = _inner(data)
    return any(n in data for n in (*_SPANS, *_LOGS)) or (
        "context" in data and "attributes" in data and "span_kind" not in data
    )


def _inner(data: Json) -> Json:
    """Return what the answers of Jaeger and Tempo wrap in one key."""
    for name in ("result", "trace"):
        if isinstance(inner := data.get(name), Mapping) and any(n in inner for n in _SPANS):
            return inner
    return data


def read_spans(data: Json) -> Iterator[Span | tuple[str, str | None, Record]]:
    """Yield the spans of a document, and its log records with their trace and span.

    Raises:
        UnreadableError: If it is not of the form.
    """
    data = _inner(data)
    try:
        if "context" in data:
            yield _from_sdk(data)
            return
        for resource in _get(data, *_SPANS) or ():
            for scoped in _get(resource, *_SCOPES) or ():
                library = _get(scoped, "scope", "instrumentationLibrary") or {}
                scope = str(library.get("name") or "")
                for span in scoped.get("spans") or ():
                    yield _from_otlp(span, scope)
        for resource in _get(data, *_LOGS) or ():
            for scoped in _get(resource, "scopeLogs", "scope_logs") or ():
                for log in _get(scoped, "logRecords", "log_records") or ():
                    yield _log(log)
    except (AttributeError, TypeError, KeyError, ValueError, OverflowError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(
            f"it is no export of spans ({type(error).__name__}: {error})"
        ) from error


def _from_otlp(span: Json, scope: str) -> Span:
    trace, id = _get(span, "traceId", "trace_id"), _get(span, "spanId", "span_id")
    if not isinstance(trace, str) or not isinstance(id, str) or not trace or not id:
        raise UnreadableError(f"a span has no traceId and spanId: {short(dict(span))}")
    status = span.get("status") or {}
    end = int(_get(span, "endTimeUnixNano", "end_time_unix_nano") or 0)
    return Span(
        trace=trace,
        id=id,
        parent=_get(span, "parentSpanId", "parent_span_id") or None,
        name=str(span.get("name") or ""),
        start=int(_get(span, "startTimeUnixNano", "start_time_unix_nano") or 0),
        end=end or None,
        attributes=_attributes(span.get("attributes")),
        events=tuple(_event(event) for event in span.get("events") or ()),
        error=str(status.get("message") or "error")
        if status.get("code") in (2, "2", "STATUS_CODE_ERROR")
        else None,
        scope=scope,
    )


def _from_sdk(span: Json) -> Span:
    context, status = span["context"], span.get("status") or {}
    failed = str(status.get("status_code")).endswith("ERROR")
    return Span(
        trace=str(context["trace_id"]),
        id=str(context["span_id"]),
        parent=str(span["parent_id"]) if span.get("parent_id") else None,
        name=str(span.get("name") or ""),
        start=nanoseconds(span["start_time"]),
        end=nanoseconds(span["end_time"]) if span.get("end_time") else None,
        attributes=dict(span.get("attributes") or {}),
        events=tuple(
            Record(
                str(e["name"]), nanoseconds(e["timestamp"]), event_fields(e.get("attributes") or {})
            )
            for e in span.get("events") or ()
        ),
        error=str(status.get("description") or "error") if failed else None,
    )


def _event(event: Json) -> Record:
    when = int(_get(event, "timeUnixNano", "time_unix_nano") or 0)
    return Record(
        str(event.get("name") or ""), when, event_fields(_attributes(event.get("attributes")))
    )


def _log(log: Json) -> tuple[str, str | None, Record]:
    attributes = _attributes(log.get("attributes"))
    name = _get(log, "eventName", "event_name") or attributes.get("event.name") or ""
    body = _value(log.get("body") or {})
    fields = {**attributes, **body} if isinstance(body, Mapping) else attributes
    times = ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano")
    when = next((int(log[n]) for n in times if int(log.get(n) or 0)), 0)
    trace = _get(log, "traceId", "trace_id")
    span = _get(log, "spanId", "span_id")
    return str(trace or ""), span or None, Record(str(name), when, fields)


def event_fields(attributes: Json) -> Json:
    """Return an event's fields; some libraries put them into one attribute as JSON."""
    from allegiance.scan.messages import arguments

    body = arguments(attributes.get("gen_ai.event.content") or attributes.get("event_body"))
    return {**attributes, **body} if isinstance(body, Mapping) else attributes


def _attributes(pairs: Any) -> dict[str, Any]:
    return {str(pair["key"]): _value(pair.get("value") or {}) for pair in pairs or ()}


def _value(value: Json) -> Any:
    """Return an ``AnyValue`` as Python has it; integers are written as text."""
    for name, found in value.items():
        kind = name.replace("_", "").lower()
        if kind == "intvalue":
            return int(found)
        if kind == "arrayvalue":
            return [_value(item) for item in (found or {}).get("values") or ()]
        if kind == "kvlistvalue":
            return _attributes((found or {}).get("values"))
        return found
    return None


def nanoseconds(when: Any) -> int:
    """Return a time in nanoseconds, from ISO 8601 or a number of seconds to nanoseconds.

    Raises:
        ValueError: If it is no time.
    """
    if isinstance(when, (int, float)) and not isinstance(when, bool):
        number = float(when)
        scale = next((s for m, s in ((1e11, 9), (1e14, 6), (1e17, 3)) if number < m), 0)
        return int(number * 10**scale)
    found = datetime.fromisoformat(str(when))
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(found.timestamp()) * 10**9 + found.microsecond * 1000


def _get(data: Json, *names: str) -> Any:
    return next((data[n] for n in names if n in data), None)
