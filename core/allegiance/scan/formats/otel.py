"""OpenTelemetry traces in OTLP JSON, or as the Python SDK prints them.

Both dialects are read, the GenAI conventions and OpenInference. A conversation is everything with
the same ``gen_ai.conversation.id`` or ``session.id``; without one, a trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allegiance.scan.chat import records
from allegiance.scan.formats._otel_spans import Span, is_spans, read_spans
from allegiance.scan.formats._otel_traces import Traces
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Found, Unread, UnreadableError

WANTED = "OTLP JSON with resourceSpans, or spans as the Python SDK prints them"


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds spans, or logs of them."""
    if not opening.has(is_spans):
        return Certainty.NONE
    return Certainty.LIKELY if opening.has(lambda i: "context" in i) else Certainty.CERTAIN


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    traces = Traces()
    for record in records(path, is_spans, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        try:
            for item in read_spans(data):
                if isinstance(item, Span):
                    traces.add(item)
                else:
                    traces.log(*item)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deep")
    yield from traces.conversations()
