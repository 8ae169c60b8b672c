"""Spans of Phoenix and Arize, as their clients and interfaces export them.

A file holds the spans of the REST API (``{"data": [...]}``), a data frame written as JSON in rows
or in columns, one span a line, or a Parquet file. Attributes are nested or have dotted names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from allegiance.errors import UserError, needed_by
from allegiance.scan.chat import records
from allegiance.scan.formats._otel_spans import Record, Span, event_fields, nanoseconds
from allegiance.scan.formats._otel_traces import Traces
from allegiance.scan.messages import identity
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, mapped, objects
from allegiance.store.reader import LONGEST

WANTED = "a span of Phoenix: it has context.span_id, span_kind and attributes"
_PARQUET = b"PAR1"
_DEEPEST = 30
_KINDS = ("span_kind", "spanKind", "attributes.openinference.span.kind")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds spans of Phoenix."""
    known = opening.head.startswith(_PARQUET) or opening.has(_is_export)
    return Certainty.CERTAIN if known else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file.

    Raises:
        UserError: If the file cannot be read, or a package is missing that reads it.
    """
    traces = Traces()
    with path.open("rb") as file:
        is_parquet = file.read(4) == _PARQUET
    source: Iterable[tuple[str, Mapping[str, Any]] | Unread]
    source = _parquet(path) if is_parquet else records(path, _is_export, WANTED)
    for record in source:
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        for row in _rows(data):
            try:
                traces.add(_span(row))
            except (UnreadableError, RecursionError) as error:
                yield Unread(name, str(error) or "nested too deep")
    yield from traces.conversations()


def _parquet(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with needed_by(f"{str(path)!r}, a Parquet file,", "data"):
        arrow: Any = import_module("pyarrow")  # without type hints
        parquet: Any = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            if max((group.total_byte_size for group in groups), default=0) > 8 * LONGEST:
                raise UserError(
                    f"{str(path)!r} has a row group of more than {8 * LONGEST / 1e6:,.0f} MB; "
                    "write it with smaller ones"
                )
            number = 0
            for batch in file.iter_batches(256):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read: {error}") from error


def _is_export(item: Mapping[str, Any]) -> bool:
    return next(_rows(item), None) is not None


def _rows(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the spans of an answer, of a frame in columns, or the one that is a record itself."""
    column = data.get("context.span_id")
    if isinstance(column, Mapping):
        for index in column:
            yield {name: mapped(values).get(index) for name, values in data.items()}
    elif _is_span(data):
        yield data
    for name in ("data", "spans"):
        yield from filter(_is_span, objects(data.get(name)))


def _is_span(data: Mapping[str, Any]) -> bool:
    if "context.span_id" in data:
        return True
    inner = mapped(data.get("context"))
    has_id = "span_id" in inner or "spanId" in inner or "span_id" in data
    return has_id and any(name in data for name in _KINDS)


def _span(row: Mapping[str, Any]) -> Span:
    context = mapped(row.get("context"))
    trace = first_of(row, "context.trace_id", "trace_id") or first_of(
        context, "trace_id", "traceId"
    )
    id = first_of(row, "context.span_id", "span_id") or first_of(context, "span_id", "spanId")
    if identity(trace) is None or identity(id) is None:
        raise UnreadableError(f"a span has no trace_id and span_id: {short(dict(row))}")
    try:
        start = nanoseconds(first_of(row, "start_time", "startTime"))
        end = first_of(row, "end_time", "endTime")
        ended = None if end is None else nanoseconds(end)
        events = tuple(_event(e) for e in objects(_list(row.get("events"))))
    except (ValueError, OverflowError, TypeError) as error:
        raise UnreadableError(f"a span has no readable times: {error}") from error
    status = str(first_of(row, "status_code", "statusCode") or "")
    failed = status.upper().endswith("ERROR")
    attributes = _attributes(row)
    kind = first_of(row, *_KINDS)
    if kind is not None:
        attributes.setdefault("openinference.span.kind", str(kind).upper())
    return Span(
        trace=str(trace),
        id=str(id),
        parent=identity(first_of(row, "parent_id", "parentId")),
        name=str(row.get("name") or ""),
        start=start,
        end=ended,
        attributes=attributes,
        events=events,
        error=str(first_of(row, "status_message", "statusMessage") or "error") if failed else None,
    )


def _list(value: Any) -> Any:
    from allegiance.scan.documents import structured

    return structured(value) if isinstance(value, str) else value


def _event(event: Mapping[str, Any]) -> Record:
    when = first_of(event, "timestamp", "time")
    fields = event_fields(dict(mapped(event.get("attributes"))))
    return Record(str(event.get("name") or ""), nanoseconds(when) if when else 0, fields)


def _attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a row under their dotted names."""
    flat: dict[str, Any] = {}
    nested = _list(row.get("attributes"))
    if isinstance(nested, Mapping):
        _flatten("", nested, flat)
    for name, value in row.items():
        if name.startswith("attributes.") and value is not None:
            _flatten(name.removeprefix("attributes."), value, flat)
    return flat


def _flatten(name: str, value: Any, flat: dict[str, Any], depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise UnreadableError("its attributes are nested too deeply")
    if name in ("metadata", "input.value", "output.value", "tool.parameters"):
        flat[name] = value
        return
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            _flatten(f"{name}.{key}" if name else str(key), inner, flat, depth + 1)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, inner in enumerate(value):
            _flatten(f"{name}.{index}", inner, flat, depth + 1)
    elif value is not None:
        flat[name] = value
