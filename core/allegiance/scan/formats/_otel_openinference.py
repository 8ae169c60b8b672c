"""Spans of OpenInference (``openinference.span.kind``), as Phoenix and Arize keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allegiance.scan.documents import structured
from allegiance.scan.formats._otel_reading import (
    HIDDEN,
    Reading,
    given,
    metadata_actor,
    text,
)
from allegiance.scan.formats._otel_spans import Span
from allegiance.scan.merge import Execution
from allegiance.scan.messages import Message, identity, parse, succeeded
from allegiance.scan.steps import Args, UnreadableError

_PREFIXES = ("message.", "tool_call.", "message_content.")


def reading(span: Span) -> Reading | None:
    """Return what a span tells; None if it is not of OpenInference.

    Raises:
        UnreadableError: If a message in it is none.
    """
    values = span.attributes
    kind = values.get("openinference.span.kind")
    if kind is None:
        return None
    actor = text(values.get("agent.name")) or metadata_actor(values.get("metadata"))
    if actor is None and kind == "AGENT":
        is_smolagents = any(name.startswith("smolagents.") for name in values)
        actor = (span.name.removesuffix(".run") if is_smolagents else span.name) or None
    conversation = identity(values.get("session.id"))
    if kind == "TOOL":
        return Reading(actor, conversation, _ran(span, actor))
    if kind != "LLM":
        return Reading(actor, conversation)
    shown = _messages(values, "llm.input_messages")
    said = _messages(values, "llm.output_messages")
    plain = values.get("output.mime_type") != "application/json"
    if not said and plain and (found := text(values.get("output.value"))) is not None:
        said = (Message(said=found),)
    return Reading(actor, conversation, None, shown, said)


def _messages(values: Mapping[str, Any], prefix: str) -> tuple[Message, ...]:
    found = []
    for item in listed(values, prefix):
        fields = {key.removeprefix("message."): value for key, value in item.items()}
        calls = [_short(call) for call in fields.get("tool_calls") or ()]
        blocks = [_short(block) for block in fields.get("contents") or ()]
        text_ = fields.get("content")
        parts = text_ if text_ not in (None, *HIDDEN) else [b for b in blocks if "text" in b]
        message: dict[str, Any] = {"role": fields.get("role"), "content": parts}
        if calls:
            message["tool_calls"] = calls
        for name in ("tool_call_id", "name"):
            if name in fields:
                message[name] = fields[name]
        if message["role"] is None and not calls and not parts:
            continue
        found.append(parse({**message, "role": message["role"] or "assistant"}))
    return tuple(found)


def _short(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields without their prefixes: ``tool_call.function.name`` is ``name``."""
    found = {}
    for key, value in item.items():
        for prefix in (*_PREFIXES, "function."):
            key = key.removeprefix(prefix)
        found[key] = value
    return found


def listed(values: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Return flattened attributes (``prefix.0.message.role``) as the list that they stand for.

    Lists in an item are lists in its fields.
    """
    items: dict[int, dict[str, Any]] = {}
    inner: dict[tuple[int, str], None] = {}
    for key, value in values.items():
        if not key.startswith(f"{prefix}."):
            continue
        number, _, rest = key[len(prefix) + 1 :].partition(".")
        if not number.isdecimal() or len(number) > 9 or not rest:
            continue
        item = items.setdefault(int(number), {})
        parts = rest.split(".")
        at = next((i for i, part in enumerate(parts) if part.isdecimal()), None)
        if at is None:
            item[rest] = value
        else:
            inner[int(number), ".".join(parts[:at])] = None
    for index, name in inner:
        items[index][name] = listed(values, f"{prefix}.{index}.{name}")
    for item in items.values():
        for name in list(item):
            if name.startswith("message.") and name[8:] in ("tool_calls", "contents"):
                item[name[8:]] = item.pop(name)
    return [items[index] for index in sorted(items)]


def _unwrapped(args: Args, values: Mapping[str, Any]) -> Args:
    """Return the arguments of a tool of smolagents, whose span has those of its own method."""
    names = {"args", "kwargs", "sanitize_inputs_outputs"}
    if not isinstance(args, Mapping) or not {"args", "kwargs"} <= set(args) <= names:
        return args
    named, unnamed = args["kwargs"], args["args"]
    if not isinstance(named, Mapping) or not isinstance(unnamed, (list, tuple)):
        return args
    if not unnamed:
        return named
    if not named and len(unnamed) == 1 and isinstance(unnamed[0], Mapping):
        return unnamed[0]
    order = _parameters(values)
    if len(order) < len(unnamed):
        return args
    return {**dict(zip(order, unnamed, strict=False)), **named}


def _parameters(values: Mapping[str, Any]) -> list[str]:
    """Return the names of a tool's parameters; Phoenix flattens them, or keeps them as data."""
    known = structured(values.get("tool.parameters"))
    if isinstance(known, Mapping):
        inner = known.get("properties")
        fields = inner if isinstance(inner, Mapping) else known
        return [name for name, kind in fields.items() if isinstance(kind, Mapping)]
    prefix = "tool.parameters."
    names = [key[len(prefix) :].partition(".")[0] for key in values if key.startswith(prefix)]
    return list(dict.fromkeys(names))


def _ran(span: Span, actor: str | None) -> Execution:
    values = span.attributes
    tool = text(values.get("tool.name")) or span.name
    names = ("input.value", "tool_call.function.arguments", "tool.parameters")
    args = next((given(values[n]) for n in names if given(values.get(n)) is not None), None)
    args = _unwrapped(args, values)
    id = identity(values.get("tool_call.id") or values.get("tool.id"))
    answer = text(values.get("output.value"))
    ok = span.error is None
    if not ok:
        raised = [e.data.get("exception.message") for e in span.events if e.name == "exception"]
        answer = answer or str(next(filter(None, raised), span.error))
    elif answer is not None:
        try:  # LangChain's answer is a message, which knows its call
            found = parse(structured(answer)).answers[0]
            id, answer, ok = found.id or id, found.text, found.ok
        except (UnreadableError, IndexError):
            ok = succeeded(answer)
    return Execution(tool, args, id, actor, span.start, span.end, answer, ok)
