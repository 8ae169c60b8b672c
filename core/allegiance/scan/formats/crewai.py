"""Logs of CrewAI: the file of ``output_log_file``, outputs of a crew, and events of its bus.

The log file holds tasks and what agents answered, and no calls: its conversations are not scored.
Outputs (``tasks_output``) and events hold calls, also those written into text in the form of ReAct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, as_message, records
from allegiance.scan.messages import arguments, identity, succeeded, text_of, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.prose import react
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, listed, mapped, objects

WANTED = "an entry of a log of CrewAI"
_STARTED = ("tool_usage_started", "mcp_tool_execution_started")
_FINISHED = ("tool_usage_finished", "mcp_tool_execution_completed")
_FAILED = (
    *("tool_usage_error", "tool_execution_error", "mcp_tool_execution_failed"),
    *("tool_selection_error", "tool_validate_input_error"),
)
_ERROR = "I encountered an error while trying to use the tool"
_SAID = ("agent_execution_completed", "lite_agent_execution_completed")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a log of CrewAI."""
    return Certainty.CERTAIN if opening.has(_is_entry) else Certainty.NONE


def _is_entry(item: Mapping[str, Any]) -> bool:
    return _is_task(item) or _is_crew(item) or _is_event(item)


def _is_task(item: Mapping[str, Any]) -> bool:
    return "agent" in item and "status" in item and ("task_name" in item or "task" in item)


def _is_crew(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("tasks_output"), list)


def _is_event(item: Mapping[str, Any]) -> bool:
    values = _event(item)
    kind = str(values.get("type"))
    starts = ("tool_usage_", "crew_kickoff_", "agent_execution_", "task_", "llm_call_")
    return kind.startswith((*starts, "mcp_tool_execution_")) and any(
        name in values or name in item
        for name in (
            "agent_role",
            "tool_name",
            "crew_name",
            "task_name",
            "source_type",
            "timestamp",
        )
    )


def _event(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event; exports of traces keep its fields in one of their own."""
    inner = mapped(item.get("event_data")) or mapped(item.get("event"))
    return {**item, **inner, "type": first_of(item, "type", "event_type") or inner.get("type")}


def read(path: Path) -> Iterator[Found]:
    """Yield the conversation of a log, and one for each output of a crew.

    Raises:
        UserError: If nothing in it is JSON.
    """
    log, is_used, has_events = StepLog(), False, False
    for record in records(path, lambda i: _is_entry(i) or "type" in i, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        try:
            if _is_crew(data):
                yield _crew(name, data)
                continue
            is_used = True
            if _is_task(data) and not _is_event(data):
                log.text(str(data.get("agent") or AGENT), value_of(data.get("output")))
            else:
                has_events = True
                _add(log, _event(data))
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deeply")
    if is_used:
        if not has_events:
            log.problems.append("CrewAI's log file does not record tool calls")
        yield log.conversation("log")


def _add(log: StepLog, event: Mapping[str, Any]) -> None:
    kind = str(event.get("type"))
    actor = str(event.get("agent_role") or mapped(event.get("agent")).get("role") or AGENT).strip()
    tool = event.get("tool_name")
    if kind in _SAID:
        log.text(actor, value_of(event.get("output")))
    if kind not in (*_STARTED, *_FINISHED, *_FAILED):
        return
    if not isinstance(tool, str) or not tool:
        raise UnreadableError(f"a tool call has no tool_name: {short(dict(event))}")
    args = arguments(event.get("tool_args"))
    id = f"{tool} {value_of(args)}"
    if kind in _STARTED or not log.is_open(id):  # what a cache answers only finishes
        log.called(actor, tool, args, id)
    if kind in _FINISHED:
        text = value_of(first_of(event, "output", "result"))
        log.answered(id, tool, text, succeeded(text))
    elif kind in _FAILED:
        log.answered(id, tool, value_of(event.get("error")), False)


def _crew(name: str, data: Mapping[str, Any]) -> Found:
    log = StepLog()
    has_messages = False
    for task in objects(data["tasks_output"]):
        actor = str(task.get("agent") or AGENT).strip()
        messages = [*objects(listed(task.get("messages")))]
        has_messages = has_messages or bool(messages)
        for message in messages:
            _message(log, actor, message)
        if not messages:
            log.text(actor, value_of(task.get("raw")))
    if not has_messages:
        log.problems.append("the output of the crew does not record tool calls")
    return log.conversation(identity(data.get("id")) or name)


def _message(log: StepLog, actor: str, message: Mapping[str, Any]) -> None:
    text = text_of(message.get("content"))
    is_said = message.get("role") == "assistant"
    call = react(text) if is_said and not message.get("tool_calls") else None
    if call is None:
        log.message(as_message({**message, "name": None} if is_said else message), actor)
        return
    log.text(actor, text)
    key = log.called(actor, call[0], arguments(call[1]), None)
    _, mark, answer = text.partition("Observation:")
    if mark:
        answer = answer.strip()
        log.finished(key, answer, succeeded(answer) and not answer.startswith(_ERROR))
