"""Traces and observations of Langfuse, from its API, its interface and its exports.

A file holds a trace with its observations, ``{"trace": ..., "observations": [...]}``, answers of
the API (``{"data": [...]}``), or observations in a list or one a line. A conversation is one
trace. Names of fields are read in both forms, ``traceId`` and ``trace_id``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allegiance.scan.chat import as_message, records
from allegiance.scan.documents import structured
from allegiance.scan.formats._otel_spans import nanoseconds
from allegiance.scan.merge import Execution, TraceMerger
from allegiance.scan.messages import Message, ToolCall, arguments, identity, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import (
    Conversation,
    Found,
    Unread,
    UnreadableError,
    short,
)
from allegiance.scan.values import first_of, mapped, messages_of, objects

WANTED = "a trace or an observation of Langfuse"
_TYPES = (
    *("SPAN", "GENERATION", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR"),
    *("EMBEDDING", "GUARDRAIL"),
)
_PARENT = ("parentObservationId", "parent_observation_id")
_TRACE = ("traceId", "trace_id")
_ATTRIBUTE_KINDS = {"TOOL": "TOOL", "LLM": "GENERATION", "AGENT": "AGENT"}
_OPERATIONS = {
    "execute_tool": "TOOL", "chat": "GENERATION", "invoke_agent": "AGENT",
    "generate_content": "GENERATION", "text_completion": "GENERATION",
}  # fmt: skip


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds traces of Langfuse."""
    return Certainty.CERTAIN if opening.has(_is_export) else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each trace of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    traces: dict[str, _Trace] = {}
    for record in records(path, _is_export, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        try:
            for trace_id, observation in _observations(data):
                known = traces.setdefault(trace_id, _Trace())
                if observation is not None:
                    _put(known, observation)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deep")
    for id, trace in traces.items():
        try:
            yield _conversation(id, trace)
        except (UnreadableError, RecursionError) as error:
            yield Unread(id, str(error) or "nested too deep")


@dataclass
class _Trace:
    observations: dict[str, dict[str, Any]] = field(default_factory=dict)


def _is_observation(item: Mapping[str, Any]) -> bool:
    return item.get("type") in _TYPES and any(
        name in item for name in (*_PARENT, *_TRACE, "startTime", "start_time")
    )


def _is_export(item: Mapping[str, Any]) -> bool:
    if _is_observation(item):
        return True
    inner = mapped(item.get("trace"))
    if any(_is_observation(o) for o in objects(item.get("observations"))):
        return True
    if "observations" in item and (inner or "latency" in item or "projectId" in item):
        return True
    marks = ("bookmarked", "public", "htmlPath", "totalCost", "projectId", "externalId")
    if sum(name in item for name in marks) >= 3 and "input" in item and "output" in item:
        return True  # a trace without its observations
    return any(_is_export(o) for o in objects(item.get("data")))


def _observations(
    data: Mapping[str, Any], depth: int = 0
) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Yield the observations of a record with the ids of their traces; None for a bare trace."""
    if _is_observation(data):
        trace = identity(first_of(data, *_TRACE)) or "no trace"
        yield trace, data
        return
    if depth > 2:
        return
    inner = mapped(data.get("trace"))
    id = identity(inner.get("id")) or identity(data.get("id"))
    parts = [*objects(inner.get("observations")), *objects(data.get("observations"))]
    if id is not None and ("observations" in data or "observations" in inner or inner):
        yield id, None
    elif id is not None and "data" not in data:
        yield id, {"id": id, "type": "TRACE", **data}
    for part in parts:
        yield identity(first_of(part, *_TRACE)) or id or "no trace", part
    for item in objects(data.get("data")):
        yield from _observations(item, depth + 1)


def _put(trace: _Trace, observation: Mapping[str, Any]) -> None:
    """Keep an observation; one that is told twice is told in full in one of the two places."""
    id = identity(observation.get("id")) or f"#{len(trace.observations)}"
    known = trace.observations.setdefault(id, {})
    for name, value in observation.items():
        if known.get(name) in (None, "", "{}", [], {}):
            known[name] = value


def _conversation(id: str, trace: _Trace) -> Conversation:
    merger = TraceMerger()
    names = {key: _agent(o) for key, o in trace.observations.items()}
    silent, error = 0, None
    for key, observation in trace.observations.items():
        kind = _kind(observation)
        actor = _actor(trace, names, key)
        start, end = _times(observation)
        if observation.get("level") == "ERROR" and first_of(observation, *_PARENT) is None:
            error = str(first_of(observation, "statusMessage", "status_message") or "error")
        if kind == "TOOL":
            merger.run(_execution(observation, actor, start, end))
        elif kind in ("GENERATION", "TRACE"):
            silent += not _generation(merger, observation, actor, start, end)
    steps, problems = merger.steps()
    notes = []
    if silent:
        notes.append(f"what models said is not recorded in {silent} observations")
    if error is not None:
        problems = (*problems, f"it ended in an error: {error[:200]}")
    return Conversation(id, steps, problems, tuple(notes), cut=error is not None)


def _attributes(observation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes of OpenTelemetry from which Langfuse made an observation."""
    return mapped(mapped(structured(observation.get("metadata"))).get("attributes"))


def _kind(observation: Mapping[str, Any]) -> str:
    kind = str(observation.get("type"))
    if kind != "SPAN":
        return kind
    values = _attributes(observation)
    known = _ATTRIBUTE_KINDS.get(str(values.get("openinference.span.kind")))
    known = known or _OPERATIONS.get(str(values.get("gen_ai.operation.name")))
    if known is None and ("gen_ai.tool.name" in values or "tool.name" in values):
        return "TOOL"
    is_tool = str(observation.get("name")).startswith("execute_tool ")
    return known or ("TOOL" if is_tool else kind)


def _agent(observation: Mapping[str, Any]) -> str | None:
    """Return the agent that an observation names, or that it is of."""
    metadata = mapped(structured(observation.get("metadata")))
    values = _attributes(observation)
    name = first_of(values, "gen_ai.agent.name", "agent.name", "agent_name") or first_of(
        metadata, "lc_agent_name", "agent_name", "agentName", "langgraph_node"
    )
    if name is None and _kind(observation) == "AGENT":
        name = str(observation.get("name") or "").removeprefix("invoke_agent ")
    return str(name) if name else None


def _actor(trace: _Trace, names: Mapping[str, str | None], key: str) -> str | None:
    seen: set[str] = set()
    at: str | None = key
    while at is not None and at in trace.observations and at not in seen:
        if names[at]:
            return names[at]
        seen.add(at)
        at = identity(first_of(trace.observations[at], *_PARENT))
    return None


def _times(observation: Mapping[str, Any]) -> tuple[int, int | None]:
    start = first_of(observation, "startTime", "start_time", "timestamp", "createdAt")
    end = first_of(observation, "endTime", "end_time")
    try:
        begun = 0 if start is None else nanoseconds(start)
        return begun, None if end is None else nanoseconds(end)
    except (ValueError, OverflowError, TypeError):
        raise UnreadableError(f"{short(start)} is no time of an observation") from None


def _execution(
    observation: Mapping[str, Any], actor: str | None, start: int, end: int | None
) -> Execution:
    values = _attributes(observation)
    name = first_of(values, "gen_ai.tool.name", "tool.name") or observation.get("name")
    if not isinstance(name, str) or not name:
        raise UnreadableError("a tool has no name")
    given = first_of(observation, "input")
    if given is None:
        given = first_of(values, "input.value", "gen_ai.tool.call.arguments")
    args = arguments(given)
    output = observation.get("output")
    if output is None:
        output = first_of(values, "output.value", "gen_ai.tool.call.result")
    text, id, ok = _result(output)
    failed = observation.get("level") == "ERROR"
    if failed and text is None:
        text = str(first_of(observation, "statusMessage", "status_message") or "error")
    id = id or identity(first_of(values, "gen_ai.tool.call.id", "tool_call.id"))
    name = name.removeprefix("execute_tool ")
    return Execution(name, args, id, actor, start, end or start, text, ok and not failed)


def _result(output: Any) -> tuple[str | None, str | None, bool]:
    """Return the text of a tool's output, the id of its call, and whether it succeeded."""
    from allegiance.scan.messages import parse, succeeded

    if output is None:
        return None, None, True
    data = structured(output) if isinstance(output, str) else output
    try:  # LangChain's answer is a message, which knows its call
        answer = parse(data).answers[0]
        return answer.text, answer.id, answer.ok
    except (UnreadableError, IndexError):
        text = value_of(data if isinstance(data, str) else output)
        return text, None, succeeded(text)


def _generation(
    merger: TraceMerger,
    observation: Mapping[str, Any],
    actor: str | None,
    start: int,
    end: int | None,
) -> bool:
    """Add what a model was shown and what it said; tell whether something was recorded."""
    for message in _messages(observation.get("input")):
        merger.history(start, message)
    output = observation.get("output")
    said = _messages(output)
    if not said and isinstance(output, str) and output.strip():
        said = [Message(said=output)]
    elif not said and isinstance(output, Mapping):
        text = first_of(output, "content", "text", "completion")
        said = [Message(said=text)] if isinstance(text, str) else []
    if not any(message.asks for message in said):
        said += [Message(asks=(call,)) for call in _listed_calls(observation)]
    for message in said:
        merger.output(end if end is not None else start, actor, message)
    return bool(said)


def _listed_calls(observation: Mapping[str, Any]) -> Iterator[ToolCall]:
    """Yield the calls that newer versions keep beside the output."""
    names = first_of(observation, "toolCallNames", "tool_call_names") or ()
    calls = first_of(observation, "toolCalls", "tool_calls") or ()
    for number, item in enumerate(calls if isinstance(calls, list) else ()):
        data = structured(item) if isinstance(item, str) else item
        call = mapped(data)
        name = call.get("name") or mapped(call.get("function")).get("name")
        if name is None and number < len(names):
            name = names[number]
        inner = mapped(call.get("function")) or call
        if isinstance(name, str) and name:
            args = arguments(first_of(inner, "arguments", "args", "input"))
            yield ToolCall(identity(call.get("id")), name, args)


def _messages(value: Any) -> list[Message]:
    """Return recorded messages; what is not one is left out, since inputs can be anything."""
    messages = []
    for item in messages_of(value) or ():
        with suppress(UnreadableError):
            messages.append(as_message(item))
    return messages
