"""Rollouts of Codex in both envelopes, and the events of ``codex exec --json``.

In the current envelope a line is ``{"timestamp", "type", "payload"}``; in the older one it is an
item of the Responses API. Events that repeat items for the screen are left out. A sub-agent has
the nickname or the role of its session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, as_message, records
from allegiance.scan.documents import structured
from allegiance.scan.messages import identity, parse, succeeded, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError
from allegiance.scan.values import first_of, is_typed, mapped

WANTED = "a line of a rollout of Codex, which is an object with a type"
_ENVELOPES = ("session_meta", "response_item", "event_msg", "turn_context", "compacted")
_EXEC_CALLS = (
    "command_execution",
    "mcp_tool_call",
    "file_change",
    "web_search",
    "collab_tool_call",
)


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a rollout of Codex."""
    if opening.has(_is_enveloped) or opening.has(_is_exec):
        return Certainty.CERTAIN
    has_head = opening.has(lambda i: "instructions" in i and "id" in i and "timestamp" in i)
    has_state = opening.has(lambda i: "record_type" in i)
    has_items = opening.has(lambda i: is_typed(i) and ("id" in i or "call_id" in i or "role" in i))
    return Certainty.CERTAIN if (has_head or has_state) and has_items else Certainty.NONE


def _is_enveloped(item: Mapping[str, Any]) -> bool:
    return item.get("type") in _ENVELOPES and isinstance(item.get("payload"), Mapping)


def _is_exec(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("type"))
    return (kind.startswith("item.") and isinstance(item.get("item"), Mapping)) or (
        kind == "thread.started" and "thread_id" in item
    )


def read(path: Path) -> Iterator[Found]:
    """Yield the conversation of a rollout.

    Raises:
        UserError: If nothing in it is JSON.
    """
    log = StepLog()
    name, actor, is_empty, is_headed = "session", AGENT, True, False
    open_items: set[str] = set()
    for record in records(path, _is_line, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        line, data = record
        payload = mapped(data.get("payload")) or data
        if data.get("type") in (None, "session_meta"):
            if not is_headed and "id" in payload:  # a fork repeats the head of its parent
                name, actor, is_headed = str(payload["id"]), _agent(payload), True
            continue
        if data.get("type") == "thread.started":
            name = identity(data.get("thread_id")) or name
            continue
        try:
            if _is_exec(data):
                _exec_item(log, str(data["type"]), data["item"], open_items)
            elif data.get("type") == "response_item" or "payload" not in data:
                _item(log, payload, actor)
        except (UnreadableError, RecursionError) as error:
            yield Unread(line, str(error) or "nested too deeply")
        is_empty = False
    if not is_empty or log.steps:
        yield log.conversation(name)


def _is_line(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("type"), str) or "record_type" in item or "instructions" in item


def _agent(meta: Mapping[str, Any]) -> str:
    spawned = mapped(mapped(mapped(meta.get("source")).get("subagent")).get("thread_spawn"))
    name = first_of(spawned, "agent_nickname", "agent_role") or first_of(
        meta, "agent_nickname", "agent_role"
    )
    return str(name) if name else AGENT


def _item(log: StepLog, item: Mapping[str, Any], actor: str) -> None:
    kind = str(item.get("type"))
    if kind.endswith("_call_output"):
        text, ok = _output(item.get("output"))
        log.answered(identity(item.get("call_id")), None, text, ok)
    elif kind == "message":
        log.message(parse({**item, "name": None}), actor)
    elif kind.endswith("_call"):
        log.message(as_message(item), actor)


def _output(output: Any) -> tuple[str, bool]:
    """Return the text of a tool's output, and whether it succeeded by its exit code."""
    data = structured(output) if isinstance(output, str) else output
    if not isinstance(data, Mapping):
        text = value_of(output)
        for line in text[:400].split("\n")[:8]:
            for start in ("Exit code: ", "Process exited with code "):
                if line.startswith(start):
                    return text, line.removeprefix(start).strip() == "0"
        return text, succeeded(text)
    inner = first_of(data, "output", "content", "body")
    text = value_of(inner if inner is not None else output)
    code = mapped(data.get("metadata")).get("exit_code", data.get("exit_code"))
    if data.get("success") is not None:
        return text, bool(data["success"])
    return text, code in (0, None) and succeeded(text)


def _exec_item(log: StepLog, event: str, item: Mapping[str, Any], open_items: set[str]) -> None:
    """Add an item of ``codex exec --json``, which is told when it starts and when it ends."""
    kind = str(first_of(item, "type", "item_type"))
    id = identity(item.get("id")) or ""
    if kind in ("agent_message", "assistant_message") and event == "item.completed":
        log.text(AGENT, str(item.get("text") or ""))
    if kind not in _EXEC_CALLS:
        return
    if id not in open_items:
        open_items.add(id)
        tool, args = _exec_call(kind, item)
        log.called(AGENT, tool, args, id)
    if event == "item.completed" and log.is_open(id):
        error = item.get("error")
        output = first_of(item, "aggregated_output", "result", "output")
        content = mapped(output).get("content", output)
        ok = not error and item.get("status") != "failed" and item.get("exit_code") in (0, None)
        text = value_of(mapped(error).get("message", error) if error else content)
        log.answered(id, None, text, ok)


def _exec_call(kind: str, item: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if kind == "command_execution":
        return "shell", {"command": item.get("command")}
    if kind in ("mcp_tool_call", "collab_tool_call") and isinstance(item.get("tool"), str):
        data = item.get("arguments")
        args = structured(data) if isinstance(data, str) else data
        return item["tool"], mapped(args)
    left_out = ("id", "type", "item_type", "status", "result", "error")
    return kind, {name: value for name, value in item.items() if name not in left_out}
