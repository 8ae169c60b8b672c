"""Spans of OpenTelemetry's conventions for generative AI (``gen_ai.*``).

Messages are read from the span's attributes, from the event that holds the same
(``gen_ai.client.inference.operation.details``), and from the events of the older form, one a
message (``gen_ai.assistant.message``, ``gen_ai.choice`` and so on, until version 1.36).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from allegiance.scan.formats._otel_reading import HIDDEN, Reading, given, structured, text
from allegiance.scan.formats._otel_spans import Record, Span
from allegiance.scan.merge import Execution
from allegiance.scan.messages import Message, identity, parse, succeeded, value_of
from allegiance.scan.steps import UnreadableError, short
from allegiance.trace.effects import Effect

MODELS = ("chat", "generate_content", "text_completion")
_OURS = "allegiance.effects."


def reading(span: Span) -> Reading | None:
    """Return what a span tells; None if it is not of these conventions.

    Raises:
        UnreadableError: If it is, and a message in it is not.
    """
    values = span.attributes
    operation = values.get("gen_ai.operation.name")
    if operation is None and "gen_ai.tool.name" in values:
        operation = "execute_tool"
    if operation is None and ("gen_ai.system" in values or "gen_ai.provider.name" in values):
        operation = "chat"
    if operation is None:
        return None
    actor = text(values.get("gen_ai.agent.name"))
    conversation = identity(values.get("gen_ai.conversation.id") or values.get("session.id"))
    if operation == "execute_tool":
        return Reading(actor, conversation, _ran(span, actor))
    if operation not in (*MODELS, "invoke_agent", "invoke_workflow"):
        return Reading(actor, conversation)
    again = operation not in MODELS
    shown, said = messages(values, span.events)
    reasons = values.get("gen_ai.response.finish_reasons") or ()
    asks = any("tool" in str(reason) for reason in reasons)
    return Reading(actor, conversation, None, shown, said, again, asks)


def messages(
    values: Mapping[str, Any], events: Iterable[Record]
) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Return what a model was shown and what it said, by attributes and events.

    Raises:
        UnreadableError: If one of them is no message.
    """
    shown = _listed(values.get("gen_ai.input.messages"))
    said = _listed(values.get("gen_ai.output.messages"))
    for event in events:
        new = one_event(event)
        shown += new[0]
        said += new[1]
    return tuple(shown), tuple(said)


def one_event(event: Record) -> tuple[list[Message], list[Message]]:
    """Return what an event says that a model was shown, and what it said.

    Raises:
        UnreadableError: If it holds no message though it is named so.
    """
    name, data = event.name, event.data
    if name == "gen_ai.client.inference.operation.details":
        return _listed(data.get("gen_ai.input.messages")), _listed(
            data.get("gen_ai.output.messages")
        )
    if name == "gen_ai.choice":
        message = structured(data.get("message"))
        inner = message if isinstance(message, Mapping) else data
        if not any(n in inner for n in ("content", "tool_calls")):
            return [], []  # content is not recorded unless one asks for it
        return [], [parse({**_decoded(inner), "role": "assistant"})]
    kind, _, rest = name.removeprefix("gen_ai.").partition(".")
    if rest == "message" and kind in ("assistant", "tool", "user", "system"):
        if kind == "tool" and "content" not in data:
            return [], []
        return [parse({**_decoded(data), "role": kind})], []
    return [], []


def _decoded(data: Mapping[str, Any]) -> dict[str, Any]:
    calls = structured(data.get("tool_calls"))
    kept = {n: data[n] for n in ("content", "id", "name") if n in data}
    return {**kept, "tool_calls": calls} if isinstance(calls, list) else kept


def _listed(value: Any) -> list[Message]:
    if value is None or value in HIDDEN:
        return []
    found = structured(value)
    if not isinstance(found, list):
        raise UnreadableError(f"the messages of a span are no list: {short(value)}")
    return [parse(item) for item in found]


def _ran(span: Span, actor: str | None) -> Execution:
    values = span.attributes
    tool = text(values.get("gen_ai.tool.name")) or span.name.removeprefix("execute_tool ")
    result = values.get("gen_ai.tool.call.result")
    answer = None if result is None or result in HIDDEN else value_of(result)
    failed = span.error is not None or "error.type" in values
    if answer is None and failed:
        answer = span.error or str(values.get("error.type"))
    ours = span.scope == "allegiance" and f"{_OURS}intended" in values
    return Execution(
        tool=tool,
        args=given(values.get("gen_ai.tool.call.arguments")),
        id=identity(values.get("gen_ai.tool.call.id")),
        actor=actor,
        start=span.start,
        end=span.end,
        text=answer,
        ok=not failed and (ours or answer is None or succeeded(answer)),
        intended=_effects(values.get(f"{_OURS}intended")) if ours else None,
        actual=_effects(values.get(f"{_OURS}achieved")) if ours else None,
    )


def _effects(found: Any) -> tuple[Effect, ...]:
    items: Sequence[Any] = found if isinstance(found, list) else ()
    read = TypeAdapter(Effect).validate_json
    try:
        return tuple(read(item) for item in items)
    except ValueError as error:
        raise UnreadableError(f"its effects are not those of allegiance: {error}") from error
