"""Minimal files of each format of other producers, and the calls that each holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Call = tuple[str, str, Any]
LS = {"command": "ls models"}
CP = {"command": "cp models/a.bin /mnt/usb"}


@dataclass(frozen=True)
class Sample:
    """A file of a format, and the calls in it in order: actor, tool, arguments."""

    format: str
    data: Any
    calls: tuple[Call, ...]

    @property
    def text(self) -> str:
        """The file: documents one a line for a tuple, else one document."""
        if isinstance(self.data, tuple):
            return "".join(json.dumps(document) + "\n" for document in self.data)
        return self.data if isinstance(self.data, str) else json.dumps(self.data)


def call(id: str, tool: str, args: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": tool, "arguments": json.dumps(args)}}


def claude(kind: str, number: int, content: Any, **fields: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content}
    return {"type": kind, "uuid": f"u{number}", "sessionId": "s", "message": message, **fields}


def use(id: str, name: str, args: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": id, "name": name, "input": args}]


def result(id: str, text: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_result", "tool_use_id": id, "content": text, **fields}]


TASK = {"subagent_type": "tidier", "description": "tidy", "prompt": "Tidy the disk."}
SIDE = {"isSidechain": True}
CLAUDE = (
    {"type": "summary", "summary": "Tidying", "leafUuid": "u1"},
    claude("user", 1, "Tidy up."),
    claude("assistant", 2, use("t1", "Bash", LS)),
    claude("user", 3, result("t1", "a.bin")),
    claude("assistant", 4, use("t2", "Task", TASK)),
    claude("user", 5, "Tidy the disk.", parentUuid=None, **SIDE),
    claude("assistant", 6, use("t3", "Bash", CP), parentUuid="u5", **SIDE),
    claude("user", 7, result("t3", "no", is_error=True), parentUuid="u6", **SIDE),
    claude("user", 8, result("t2", "tidied")),
    claude("user", 8, result("t2", "tidied")),
    {"type": "file-history-snapshot", "messageId": "m"},
)
CLAUDE_CALLS = (("agent", "Bash", LS), ("agent", "Task", TASK), ("tidier", "Bash", CP))
STREAM = (
    {"type": "system", "subtype": "init", "session_id": "s", "tools": ["Bash"]},
    {"type": "assistant", "session_id": "s", "parent_tool_use_id": None,
     "message": {"role": "assistant", "content": use("t2", "Agent", TASK)}},
    {"type": "assistant", "session_id": "s", "parent_tool_use_id": "t2",
     "message": {"role": "assistant", "content": use("t3", "Bash", CP)}},
    {"type": "result", "subtype": "success", "session_id": "s", "is_error": False},
)  # fmt: skip
PROGRESS = (
    claude("assistant", 1, use("t2", "Task", TASK)),
    {"type": "progress", "sessionId": "s", "parentToolUseID": "t2", "uuid": "p1",
     "data": {"type": "agent_progress", "agentId": "a1",
              "message": claude("assistant", 9, use("t3", "Bash", CP))}},
    claude("user", 8, result("t2", "tidied"), toolUseResult={"agentId": "a1"}),
)  # fmt: skip
CLAUDE_AI = [
    {"uuid": "c", "name": "Tidying", "chat_messages": [
        {"sender": "human", "text": "Tidy up.", "content": []},
        {"sender": "assistant", "content": [
            {"type": "text", "text": "I look."}, *use("t1", "bash_tool", LS),
            *result("t1", "a.bin"), *use("t2", "bash_tool", CP), *result("t2", "ok")]},
    ]}
]  # fmt: skip


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


ITEMS = (
    item("message", role="user", content=[{"type": "input_text", "text": "Tidy up."}]),
    item("reasoning", summary=[], encrypted_content="x"),
    item("function_call", name="shell", arguments=json.dumps(LS), call_id="c1"),
    item("function_call_output", call_id="c1",
         output=json.dumps({"output": "no", "metadata": {"exit_code": 1}})),
    item("custom_tool_call", name="apply_patch", input="*** Begin Patch", call_id="c2"),
    item("custom_tool_call_output", call_id="c2", output="Exit code: 0\nDone"),
)  # fmt: skip
CODEX = (
    {"timestamp": "t", "type": "session_meta", "payload": {"id": "s", "cwd": "/x", "source": {
        "subagent": {"thread_spawn": {"agent_nickname": "Ada", "depth": 1}}}}},
    *({"timestamp": "t", "type": "response_item", "payload": i} for i in ITEMS),
    {"timestamp": "t", "type": "event_msg", "payload": {"type": "token_count"}},
)  # fmt: skip
CODEX_CALLS = (("Ada", "shell", LS), ("Ada", "apply_patch", "*** Begin Patch"))
OLD_CODEX = ({"id": "s", "timestamp": "t", "instructions": None}, {"record_type": "state"}, *ITEMS)
OLD_CALLS = tuple(("agent", tool, args) for _, tool, args in CODEX_CALLS)
COMMAND = {"id": "i1", "type": "command_execution", "command": "ls models"}
EXEC = (
    {"type": "thread.started", "thread_id": "s"},
    {"type": "item.started", "item": {**COMMAND, "status": "in_progress"}},
    {"type": "item.completed", "item": {**COMMAND, "aggregated_output": "a", "exit_code": 0}},
    {"type": "item.completed", "item": {
        "id": "i2", "type": "mcp_tool_call", "server": "files", "tool": "copy", "arguments": CP,
        "result": {"content": [{"type": "text", "text": "ok"}]}, "status": "completed"}},
)  # fmt: skip


def observation(id: str, kind: str, name: str, second: int, **fields: Any) -> dict[str, Any]:
    time = f"2026-01-01T00:00:{second:02}.000Z"
    return {
        "id": id, "traceId": "tr", "type": kind, "name": name, "startTime": time, "endTime": time,
        "parentObservationId": None, "input": None, "output": None, "metadata": "{}", **fields,
    }  # fmt: skip


ASKS = {"role": "assistant", "content": "I look.", "tool_calls": [call("c1", "bash", LS)]}
OBSERVATIONS = [
    observation("a", "AGENT", "ops", 0),
    observation("g", "GENERATION", "chat", 1, parentObservationId="a", output=json.dumps(ASKS)),
    observation("t", "TOOL", "bash", 2, parentObservationId="a", input=LS, output="a.bin"),
    observation("u", "SPAN", "bash", 3, parentObservationId="a", input=json.dumps(CP), output="ok",
                metadata=json.dumps({"attributes": {"openinference.span.kind": "TOOL"}})),
]  # fmt: skip
LANGFUSE = {
    "trace": {"id": "tr", "projectId": "p", "input": None, "output": None,
              "observations": [{**o, "input": None} for o in OBSERVATIONS]},
    "observations": OBSERVATIONS,
}  # fmt: skip
SNAKE = tuple(
    {{"traceId": "trace_id", "startTime": "start_time", "endTime": "end_time",
      "parentObservationId": "parent_observation_id"}.get(k, k): v for k, v in o.items()}
    for o in OBSERVATIONS
)  # fmt: skip
SHELL_CALLS = (("ops", "bash", LS), ("ops", "bash", CP))


def phoenix(number: int, kind: str, parent: str | None, **attributes: Any) -> dict[str, Any]:
    time = f"2026-01-01T00:00:{number:02}+00:00"
    return {
        "name": attributes.pop("name", "span"), "span_kind": kind, "parent_id": parent,
        "start_time": time, "end_time": time, "status_code": "OK", "status_message": "",
        "context": {"trace_id": "tr", "span_id": f"s{number}"}, "events": [],
        "attributes": attributes,
    }  # fmt: skip


def used(args: Any) -> dict[str, Any]:
    return {"tool.name": "bash", "input.value": json.dumps(args), "output.value": "ok"}


MESSAGE = {"message": {"role": "assistant", "content": "I look."}}
PHOENIX = [
    phoenix(1, "AGENT", None, name="ops"),
    phoenix(2, "LLM", "s1", llm={"output_messages": [MESSAGE]}),
    phoenix(3, "TOOL", "s1", **used(LS)),
    phoenix(4, "TOOL", "s1", **used(CP)),
]
FRAME = [
    {"context.span_id": s["context"]["span_id"], "context.trace_id": "tr",
     **{n: v for n, v in s.items() if n not in ("context", "attributes", "start_time", "end_time")},
     "start_time": 1767225600000 + i, "end_time": 1767225600000 + i,
     **{f"attributes.{n}": v for n, v in s["attributes"].items()}}
    for i, s in enumerate(PHOENIX)
]  # fmt: skip
COLUMNS = {
    name: {str(i): row.get(name) for i, row in enumerate(FRAME)}
    for name in dict.fromkeys(key for row in FRAME for key in row)
}


def jaeger(number: int, parent: str | None, name: str, **tags: Any) -> dict[str, Any]:
    reference = {"refType": "CHILD_OF", "traceID": "tr", "spanID": parent}
    return {
        "traceID": "tr", "spanID": f"s{number}", "operationName": name, "startTime": number,
        "references": [reference] if parent else [], "duration": 0, "processID": "p1", "logs": [],
        "tags": [{"key": k.replace("__", "."), "type": "string", "value": v}
                 for k, v in tags.items()],
    }  # fmt: skip


def executed(args: Any) -> dict[str, Any]:
    return {
        "gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "bash",
        "gen_ai__tool__call__arguments": json.dumps(args), "gen_ai__tool__call__result": "ok",
    }  # fmt: skip


AGENT = {"gen_ai__operation__name": "invoke_agent", "gen_ai__agent__name": "ops"}
JAEGER = {"traceID": "tr", "processes": {}, "spans": [
    jaeger(1, None, "POST /"), jaeger(2, "s1", "invoke_agent ops", **AGENT),
    jaeger(3, "s2", "execute_tool bash", **executed(LS)),
    jaeger(4, "s2", "execute_tool bash", **executed(CP)),
]}  # fmt: skip
TRACES = {
    "claude_code": Sample("claude_code", CLAUDE, CLAUDE_CALLS),
    "claude_code stream": Sample("claude_code", STREAM, CLAUDE_CALLS[1:] and (
        ("agent", "Agent", TASK), ("tidier", "Bash", CP))),
    "claude_code progress": Sample("claude_code", PROGRESS, CLAUDE_CALLS[1:]),
    "claude_ai": Sample("claude_ai", CLAUDE_AI, (
        ("agent", "bash_tool", LS), ("agent", "bash_tool", CP))),
    "codex": Sample("codex", CODEX, CODEX_CALLS),
    "codex older": Sample("codex", OLD_CODEX, OLD_CALLS),
    "codex exec": Sample("codex", EXEC, (("agent", "shell", LS), ("agent", "copy", CP))),
    "langfuse": Sample("langfuse", LANGFUSE, SHELL_CALLS),
    "langfuse lines": Sample("langfuse", SNAKE, SHELL_CALLS),
    "langfuse api": Sample("langfuse", {"data": OBSERVATIONS, "meta": {}}, SHELL_CALLS),
    "phoenix": Sample("phoenix", {"data": PHOENIX, "next_cursor": None}, SHELL_CALLS),
    "phoenix lines": Sample("phoenix", tuple(PHOENIX), SHELL_CALLS),
    "phoenix frame": Sample("phoenix", FRAME, SHELL_CALLS),
    "phoenix columns": Sample("phoenix", COLUMNS, SHELL_CALLS),
    "jaeger": Sample("jaeger", JAEGER, SHELL_CALLS),
    "jaeger api": Sample("jaeger", {"data": [JAEGER], "errors": None}, SHELL_CALLS),
    "jaeger lines": Sample("jaeger", tuple(JAEGER["spans"]), SHELL_CALLS),
}  # fmt: skip
