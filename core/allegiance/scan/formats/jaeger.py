"""Traces of Jaeger, as its user interface and its API export them.

A file holds ``{"data": [...]}``, one trace with ``spans`` and ``processes``, or one span a line as
Jaeger stores them. The tags of a span are its attributes, in either dialect of OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import records
from allegiance.scan.formats._otel_spans import Record, Span, event_fields
from allegiance.scan.formats._otel_traces import Traces
from allegiance.scan.messages import identity
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, listed, mapped, objects

WANTED = "a trace of Jaeger: it has spans with traceID, spanID and operationName"


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds traces of Jaeger."""
    return Certainty.CERTAIN if opening.has(_is_trace) else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    traces = Traces()
    for record in records(path, _is_trace, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        for span in _spans(data):
            try:
                traces.add(_span(span))
            except (UnreadableError, RecursionError) as error:
                yield Unread(name, str(error) or "nested too deep")
    yield from traces.conversations()


def _is_trace(item: Mapping[str, Any]) -> bool:
    return next(_spans(item), None) is not None


def _spans(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if _is_span(data):
        yield data
    for trace in objects(data.get("data")):
        yield from filter(_is_span, objects(trace.get("spans")))
    yield from filter(_is_span, objects(data.get("spans")))
    for hit in objects(mapped(data.get("hits")).get("hits")):  # an answer of Elasticsearch
        yield from filter(_is_span, [mapped(hit.get("_source"))])


def _is_span(data: Mapping[str, Any]) -> bool:
    return "operationName" in data and "spanID" in data


def _span(data: Mapping[str, Any]) -> Span:
    trace, id = identity(data.get("traceID")), identity(data.get("spanID"))
    if trace is None or id is None:
        raise UnreadableError(f"a span has no traceID and spanID: {short(dict(data))}")
    tags = _tags(data)
    start = _whole(first_of(data, "startTime")) * 1000
    failed = tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR"
    cause = tags.get("otel.status_description") or tags.get("error.message") or "error"
    return Span(
        trace=trace,
        id=id,
        parent=_parent(data),
        name=str(data.get("operationName") or ""),
        start=start,
        end=start + _whole(data.get("duration")) * 1000,
        attributes=tags,
        events=tuple(_event(log) for log in objects(data.get("logs"))),
        error=str(cause) if failed else None,
        scope=str(tags.get("otel.scope.name") or tags.get("otel.library.name") or ""),
    )


def _parent(data: Mapping[str, Any]) -> str | None:
    kinds = ("CHILD_OF", "FOLLOWS_FROM")
    for kind in kinds:
        for reference in objects(data.get("references")):
            if reference.get("refType", kind) == kind:
                return identity(reference.get("spanID"))
    return identity(data.get("parentSpanID"))


def _tags(data: Mapping[str, Any]) -> dict[str, Any]:
    stored = mapped(data.get("tag"))  # as Elasticsearch keeps them: dots are written as @
    tags = {str(name).replace("@", "."): value for name, value in stored.items()}
    return {**tags, **_pairs(data.get("tags"))}


def _pairs(value: Any) -> dict[str, Any]:
    return {str(p.get("key")): first_of(p, "value", "vStr") for p in objects(listed(value))}


def _event(log: Mapping[str, Any]) -> Record:
    fields = _pairs(log.get("fields"))
    name = fields.pop("event", None) or fields.get("name") or fields.get("message") or ""
    return Record(str(name), _whole(log.get("timestamp")) * 1000, event_fields(fields))


def _whole(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError(f"{short(value)} is no time of a span") from None
