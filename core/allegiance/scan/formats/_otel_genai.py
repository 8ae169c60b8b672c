"""Spans of OpenTelemetry's conventions for generative AI (``gen_ai.*``).

Messages are read from the span's attributes, from the event that holds the same
(``gen_ai.client.inference.operation.details``), and from the events of the older form, one a
message (``gen_ai.assistant.message``, ``gen_ai.choice`` and so on, until version 1.36).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from allegiance.scan.documents import structured
from allegiance.scan.formats._otel_reading import HIDDEN, Reading, given, text
from allegiance.scan.formats._otel_spans import Record, Span
from allegiance.scan.merge import Execution
from allegiance.scan.messages import Message, identity, parse, succeeded, value_of
from allegiance.scan.steps import Args, UnreadableError, short
from allegiance.trace.effects import Effect

MODELS = ("chat", "generate_content", "text_completion")
_OURS = "allegiance.effects."


MOST_HISTORIES = 8
"""How many histories of a trace are remembered; each agent in it repeats one of its own."""


def reading(span: Span, histories: list[str] | None = None) -> Reading | None:
    """Return what a span tells; None if it is not of these conventions.

    Args:
        span: The span.
        histories: What models of the trace were shown so far, which is read only once. It is
            changed.

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
    shown, said = messages(values, span.events, histories)
    reasons = values.get("gen_ai.response.finish_reasons") or ()
    asks = any("tool" in str(reason) for reason in reasons)
    return Reading(actor, conversation, None, shown, said, again, asks)


def messages(
    values: Mapping[str, Any], events: Iterable[Record], histories: list[str] | None = None
) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Return what a model was shown and what it said, by attributes and events.

    Raises:
        UnreadableError: If one of them is no message.
    """
    history = values.get("gen_ai.input.messages")
    if histories is not None and isinstance(history, str):
        history = _unread_part(history, histories)
    shown = _listed(history)
    said = _listed(values.get("gen_ai.output.messages"))
    for event in events:
        new = one_event(event)
        shown += new[0]
        said += new[1]
    return tuple(shown), tuple(said)


def _unread_part(history: str, known: list[str]) -> str:
    """Return the list of those messages that no known history begins with, as JSON.

    Each call of a model is shown all messages before it, so reading them again takes time that
    grows with the square of a conversation's length. A text that goes on with a comma where a
    known list ends is that list with further items.
    """
    for index, old in enumerate(known):
        end = len(old) - 1
        if history == old:
            return "[]"
        if history[end : end + 1] == "," and history.startswith(old[:end]):
            known[index] = history
            return f"[{history[end + 1 :]}"
    if history.startswith("[") and history.endswith("]"):
        known.append(history)
        del known[:-MOST_HISTORIES]
    return history


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
        if _is_blocks(message):  # Strands writes the blocks of Bedrock
            return [], [parse({"role": "assistant", "content": message})]
        if isinstance(data.get("message"), str) and not isinstance(message, Mapping):
            return [], [parse({"role": "assistant", "content": data["message"]})]
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
    if _is_blocks(blocks := structured(kept.get("content"))):
        kept["content"] = blocks
    return {**kept, "tool_calls": calls} if isinstance(calls, list) else kept


def _is_blocks(value: Any) -> bool:
    names = ("text", "toolUse", "toolResult", "image", "document", "reasoningContent", "type")
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, Mapping) and any(n in v for n in names) for v in value)
    )


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
    told = _of_events(span.events)
    result = values.get("gen_ai.tool.call.result")
    if result is None or result in HIDDEN:
        result = told.text if told is not None else None
    answer = None if result is None else value_of(result)
    args = given(values.get("gen_ai.tool.call.arguments"))
    failed = span.error is not None or "error.type" in values
    if answer is None and failed:
        answer = span.error or str(values.get("error.type"))
    ours = span.scope == "allegiance" and f"{_OURS}intended" in values
    return Execution(
        tool=tool,
        args=told.args if args is None and told is not None else args,
        id=identity(values.get("gen_ai.tool.call.id")),
        actor=actor,
        start=span.start,
        end=span.end,
        text=answer,
        ok=not failed and (ours or answer is None or succeeded(answer)),
        intended=_effects(values.get(f"{_OURS}intended")) if ours else None,
        actual=_effects(values.get(f"{_OURS}achieved")) if ours else None,
    )


@dataclass(frozen=True)
class _Told:
    """The arguments and the result of a tool as the events of its span have them."""

    args: Args
    text: str | None


def _of_events(events: Iterable[Record]) -> _Told | None:
    """Return what the events of a tool's span tell, as Strands writes them; None without any."""
    args: Args = None
    text: str | None = None
    for event in events:
        if event.name == "gen_ai.tool.message" and "content" in event.data:
            args = given(event.data["content"])
        elif event.name == "gen_ai.choice" and "message" in event.data:
            message = structured(event.data["message"])
            text = value_of(event.data["message"] if message is None else _contents(message))
        elif event.name.endswith(".operation.details"):
            for message in _listed(event.data.get("gen_ai.input.messages")):
                args = message.asks[0].args if message.asks else args
            for message in _listed(event.data.get("gen_ai.output.messages")):
                if message.answers:
                    blocks = structured(message.answers[0].text)
                    text = value_of(blocks) if _is_blocks(blocks) else message.answers[0].text
    return None if args is None and text is None else _Told(args, text)


def _contents(message: Any) -> Any:
    """Return the content of a result in the blocks of Bedrock."""
    inner = message[0].get("toolResult") if _is_blocks(message) and len(message) == 1 else None
    return inner.get("content") if isinstance(inner, Mapping) else message


def _effects(found: Any) -> tuple[Effect, ...]:
    items: Sequence[Any] = found if isinstance(found, list) else ()
    read = TypeAdapter(Effect).validate_json
    try:
        return tuple(read(item) for item in items)
    except ValueError as error:
        raise UnreadableError(f"its effects are not those of allegiance: {error}") from error
