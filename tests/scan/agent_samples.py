"""Minimal files of the formats of agents and benchmarks, and the calls that each holds."""

from __future__ import annotations

import json
from typing import Any

from format_samples import CP, LS, TRACES, Sample, call

RM = {"command": "rm x"}
SHELL = (("agent", "bash", LS), ("agent", "bash", CP))
OPS = (("ops", "bash", LS), ("ops", "bash", CP))


def step(number: int, **fields: Any) -> dict[str, Any]:
    return {"step_id": number, "source": "agent", **fields}


def atif_call(id: str, args: Any) -> dict[str, Any]:
    return {"tool_call_id": id, "function_name": "bash", "arguments": args}


ATIF = {
    "schema_version": "ATIF-v1.6", "session_id": "s", "agent": {"name": "ops", "version": "1"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Tidy up."},
        step(2, message="I look.", tool_calls=[atif_call("c1", LS), atif_call("c2", CP)],
             observation={"results": [{"source_call_id": "c1", "content": "a.bin"},
                                      {"source_call_id": "c2", "content": "ok"}]}),
    ],
    "subagent_trajectories": [
        {"schema_version": "ATIF-v1.6", "session_id": "t", "agent": {"name": "helper"},
         "steps": [step(1, message="", tool_calls=[atif_call("c1", RM)])]}
    ],
}  # fmt: skip
KEYS = {"analysis": "x", "plan": "y", "commands": [{"keystrokes": "ls models\n", "duration": 0.1}]}
TERMINUS = {
    "schema_version": "ATIF-v1.7", "agent": {"name": "terminus-2"},
    "steps": [step(1, message=json.dumps(KEYS), observation={"results": [{"content": "$ ls"}]})],
}  # fmt: skip


def act(action: str, **fields: Any) -> dict[str, Any]:
    return {"action": action, "observation": "ok", "response": f"I {action}", "state": {}, **fields}


def history(action: str, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "agent": "main", "action": action, "content": f"I {action}",
            **fields}  # fmt: skip


SWE = {
    "trajectory": [act("open a.py"), act("ls models"), act("exit_cost")],
    "history": [
        history("rm -rf demo", is_demo=True),
        history("open a.py", tool_calls=[call("c1", "open", {"path": "a.py"})]),
        history("ls models"),
    ],
    "info": {"exit_status": "submitted"},
}
SWE_CALLS = (("main", "open", {"path": "a.py"}), ("main", "bash", LS))


def said(role: str, content: str, **fields: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **fields}


MINI = [
    said("system", "Answer with one ```bash block."),
    said("user", "Tidy up."),
    said("assistant", "THOUGHT: I look.\n\n```bash\nls models\n```"),
    said("user", "<returncode>0</returncode>\n<output>\na.bin\n</output>"),
    said("assistant", "Two:\n```bash\nrm x\n```\n```bash\nrm y\n```"),
    said("user", "Please answer with exactly one block."),
    said("assistant", "```mswea_bash_command\ncp models/a.bin /mnt/usb\n```"),
    said("user", "<returncode>1</returncode>\n<output>\nno\n</output>"),
]
MINI_2 = {"trajectory_format": "mini-swe-agent-1.1", "info": {"mini_version": "2.4"}, "messages": [
    said("user", "Tidy up."),
    said("assistant", "", tool_calls=[call("c1", "bash", LS)],
         extra={"actions": [{"command": "ls models", "tool_call_id": "c1"}]}),
    said("tool", "<returncode>0</returncode>", tool_call_id="c1", extra={"returncode": 0}),
    said("assistant", "", tool_calls=[call("c2", "bash", CP)]),
    said("exit", "", extra={"exit_status": "Submitted"}),
]}  # fmt: skip
TAU = [{"task_id": 3, "reward": 1.0, "trial": 0, "info": {}, "traj": [
    said("system", "Policy"), said("user", "Hello"),
    said("assistant", "I look.", tool_calls=[call("c1", "bash", LS)]),
    said("tool", "a.bin", tool_call_id="c1", name="bash"),
    said("assistant", "", tool_calls=[call("c2", "bash", CP)]),
]}]  # fmt: skip
REACT = [{"task_id": 3, "reward": 1.0, "trial": 0, "info": {}, "traj": [
    said("user", "Hello"),
    said("assistant", "Thought: x\nAction:\n" + json.dumps({"name": "bash", "arguments": LS})),
    said("user", "API output: a.bin"),
    said("assistant", 'Action:\n{"name": "respond", "arguments": {"content": "Hi"}}'),
    said("user", "Go on"),
    said("assistant", "Action:\n" + json.dumps({"name": "bash", "arguments": CP})),
]}]  # fmt: skip
TAU_2 = {"timestamp": "t", "tasks": [], "simulations": [{"id": "x", "task_id": "3", "trial": 0,
    "reward_info": {}, "messages": [
        said("assistant", "Hello", tool_calls=None),
        said("assistant", "", tool_calls=[{"id": "1", "name": "bash", "arguments": LS}]),
        {"role": "tool", "id": "1", "content": "a.bin", "requestor": "assistant", "error": False},
        said("user", "", tool_calls=[{"id": "2", "name": "phone", "arguments": {}}]),
        {"role": "tool", "id": "2", "content": "ok", "requestor": "user", "error": False},
    ]}]}  # fmt: skip


def event(number: int, action: str, args: Any, **fields: Any) -> dict[str, Any]:
    return {"id": number, "timestamp": "t", "source": "agent", "action": action, "args": args,
            **fields}  # fmt: skip


def seen(number: int, cause: int, content: str, code: int = 0) -> dict[str, Any]:
    return {"id": number, "source": "agent", "observation": "run", "cause": cause,
            "content": content, "extras": {"metadata": {"exit_code": code}}}  # fmt: skip


ASKED = {"function_name": "bash", "tool_call_id": "c1", "model_response": {
    "choices": [{"message": {"tool_calls": [call("c1", "bash", LS)]}}]}}  # fmt: skip
OPENHANDS = [
    {"id": 0, "source": "user", "action": "message", "args": {"content": "Tidy up."}},
    event(1, "run", {**LS, "thought": "I look.", "hidden": False}, tool_call_metadata=ASKED),
    seen(2, 1, "a.bin"),
    event(3, "run", {**CP, "thought": ""}),
    seen(4, 3, "no", 1),
]
HANDS = (("agent", "bash", LS), ("agent", "run", CP))
SDK = (
    {"kind": "MessageEvent", "source": "user", "llm_message": said("user", "Tidy up.")},
    {"kind": "ActionEvent", "id": "e1", "source": "agent", "tool_name": "terminal",
     "tool_call_id": "c1", "thought": [{"type": "text", "text": "I look."}],
     "action": {"kind": "ExecuteBashAction", **LS},
     "tool_call": {"id": "c1", "name": "terminal", "arguments": json.dumps(LS)}},
    {"kind": "ObservationEvent", "source": "environment", "tool_name": "terminal",
     "tool_call_id": "c1", "action_id": "e1", "observation": {"content": "a.bin", "exit_code": 0}},
)  # fmt: skip


def note(kind: str, source: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "source": source, "content": content, **fields}


def asked(id: str, args: Any) -> list[dict[str, Any]]:
    return [{"id": id, "name": "bash", "arguments": json.dumps(args)}]


def ran(id: str) -> list[dict[str, Any]]:
    return [{"call_id": id, "name": "bash", "content": "ok", "is_error": False}]


AUTOGEN = [
    note("TextMessage", "user", "Tidy up."),
    note("ToolCallRequestEvent", "ops", asked("c1", LS)),
    note("ToolCallExecutionEvent", "ops", ran("c1")),
    note("TextMessage", "ops", "Done."),
    note("ToolCallRequestEvent", "critic", asked("c2", CP)),
]
AUTOGEN_CALLS = (("ops", "bash", LS), ("critic", "bash", CP))


def context(name: str, *messages: Any) -> dict[str, Any]:
    inner = {"type": "AssistantAgentState", "llm_context": {"messages": list(messages)}}
    return {"type": "ChatAgentContainerState", "agent_state": inner}


STATE = {"type": "TeamState", "version": "1.0.0", "agent_states": {
    "critic": context("critic", note("UserMessage", "user", "Tidy up."),
                      note("UserMessage", "ops", "Done."),
                      note("AssistantMessage", "critic", asked("c2", CP))),
    "ops": context("ops", note("UserMessage", "user", "Tidy up."),
                   note("AssistantMessage", "ops", asked("c1", LS)),
                   {"type": "FunctionExecutionResultMessage", "content": ran("c1")},
                   note("AssistantMessage", "ops", "Done.")),
    "RoundRobinGroupChatManager": {"message_thread": [
        note("TextMessage", "user", "Tidy up."), note("TextMessage", "ops", "Done.")]},
}}  # fmt: skip


def used(kind: str, args: Any, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "t", "agent_role": "ops", "tool_name": "bash",
            "tool_args": args, **fields}  # fmt: skip


CREW = (
    {"type": "crew_kickoff_started", "timestamp": "t", "crew_name": "crew"},
    used("tool_usage_started", json.dumps(LS)),
    used("tool_usage_finished", LS, output="a.bin"),
    used("tool_usage_started", CP),
    used("tool_usage_error", CP, error="no"),
)
ACTION = 'Thought: x\nAction: bash\nAction Input: {"command": "ls models"}\nObservation: a.bin'
OUTPUT = {"raw": "Done.", "tasks_output": [{"agent": "ops", "raw": "Done.", "messages": [
    said("system", "Use\nAction: tool\nAction Input: {}"), said("assistant", ACTION),
    said("assistant", "", tool_calls=[call("c2", "bash", CP)]),
]}]}  # fmt: skip
LOG = [{"timestamp": "t", "task_name": None, "task": "tidy", "agent": "ops", "status": "completed",
        "output": "Done."}]  # fmt: skip


def rpc(id: Any, **fields: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, **fields}


MCP = (
    rpc(0, method="initialize", params={}),
    rpc(1, method="tools/call", params={"name": "bash", "arguments": LS}),
    rpc("1", method="tools/call", params={"name": "bash", "arguments": CP}),
    rpc("1", error={"code": -32000, "message": "no"}),
    rpc(1, result={"content": [{"type": "text", "text": "a.bin"}], "isError": False}),
)
MCP_TEXT = "[info] start\n" + "".join(f"[info] from client: {json.dumps(m)} (raw)\n" for m in MCP)
PYDANTIC = [
    {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": "Tidy up."}]},
    {"kind": "response", "parts": [
        {"part_kind": "text", "content": "I look."},
        {"part_kind": "tool-call", "tool_name": "bash", "args": json.dumps(LS),
         "tool_call_id": "c1"}]},
    {"kind": "request", "parts": [{"part_kind": "tool-return", "tool_name": "bash",
                                   "content": "a.bin", "tool_call_id": "c1"}]},
    {"kind": "response", "parts": [{"part_kind": "tool-call", "tool_name": "bash", "args": CP,
                                    "tool_call_id": "c2"}]},
]  # fmt: skip
AGENTS = {
    "atif": Sample("atif", ATIF, (*OPS, ("helper", "bash", RM))),
    "atif text": Sample("atif", TERMINUS, (
        ("terminus-2", "bash_command", {"keystrokes": "ls models\n"}),)),
    "swe_agent": Sample("swe_agent", SWE, SWE_CALLS),
    "mini_swe_agent": Sample("mini_swe_agent", MINI, SHELL),
    "mini_swe_agent 2": Sample("mini_swe_agent", MINI_2, SHELL),
    "tau_bench": Sample("tau_bench", TAU, SHELL),
    "tau_bench react": Sample("tau_bench", REACT, SHELL),
    "tau_bench 2": Sample("tau_bench", TAU_2, (SHELL[0], ("user", "phone", {}))),
    "openhands": Sample("openhands", OPENHANDS, HANDS),
    "openhands history": Sample("openhands", ({"instance_id": "i", "history": OPENHANDS},), HANDS),
    "openhands pairs": Sample("openhands", [[OPENHANDS[1], OPENHANDS[2]], [OPENHANDS[3],
                                            OPENHANDS[4]]], HANDS),
    "openhands sdk": Sample("openhands", SDK, (("agent", "terminal", LS),)),
    "autogen": Sample("autogen", {"messages": AUTOGEN, "stop_reason": None}, AUTOGEN_CALLS),
    "autogen lines": Sample("autogen", tuple(AUTOGEN), AUTOGEN_CALLS),
    "autogen state": Sample("autogen", STATE, AUTOGEN_CALLS),
    "crewai": Sample("crewai", CREW, OPS),
    "crewai output": Sample("crewai", OUTPUT, OPS),
    "crewai log": Sample("crewai", LOG, ()),
    "mcp": Sample("mcp", MCP, SHELL),
    "mcp wrapped": Sample("mcp", tuple({"ts": 1, "raw": json.dumps(m)} for m in MCP), SHELL),
    "mcp text": Sample("mcp", MCP_TEXT, SHELL),
    "pydantic_ai": Sample("pydantic_ai", PYDANTIC, SHELL),
    "pydantic_ai lines": Sample("pydantic_ai", (PYDANTIC, PYDANTIC), SHELL * 2),
}  # fmt: skip
SAMPLES = {**TRACES, **AGENTS}
