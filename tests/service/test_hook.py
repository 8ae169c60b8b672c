"""The hooks of Claude Code and Codex: events in, decisions out, failures closed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from service_cases import COMMAND, WEIGHTS, engine, hook_event, policy_file

from allegiance.errors import UserError
from allegiance.service.client import Decides, Remote
from allegiance.service.engine import Engine
from allegiance.service.hook import answer_event

COPY = {"tool_name": "Bash", "tool_input": {"command": "cp models/a.bin /tmp/x"}}
READ = {"tool_name": "read_file", "tool_input": {"path": "models/a.bin"}}
CODEX = {"turn_id": "1", "model": "m"}


def pre(**fields: Any) -> str:
    return hook_event("PreToolUse", **{"tool_use_id": "t1", **COPY, **fields})


def using(judge: Engine) -> Callable[[], Decides]:
    return lambda: judge


def decision(text: str, judge: Engine) -> dict[str, Any]:
    answer = answer_event(text, using(judge))
    assert answer.code == 0
    return answer.output["hookSpecificOutput"] if answer.output else {}


def test_a_call_is_denied_with_the_reason_and_allowed_without_a_word(tmp_path: Path) -> None:
    judge = engine(tmp_path)
    told = decision(pre(), judge)
    assert told["permissionDecision"] == "deny"
    assert "copies weights from models/a.bin" in told["permissionDecisionReason"]
    assert decision(pre(tool_input={"command": "ls"}), judge) == {}
    assert decision(pre(**CODEX), judge)["permissionDecision"] == "deny"


def test_claude_code_asks_its_user_and_codex_cannot(tmp_path: Path) -> None:
    judge = engine(tmp_path, "ask")
    assert decision(pre(), judge)["permissionDecision"] == "ask"
    done = hook_event("PostToolUse", tool_use_id="t1", tool_response={"stdout": ""}, **COPY)
    told = answer_event(done, using(judge)).output
    assert "copies weights" in told["systemMessage"]  # the user has allowed it, and it ran
    codex = decision(pre(tool_use_id="t2", **CODEX), judge)
    assert codex["permissionDecision"] == "deny"
    (question,) = judge.approvals.pending(judge.clock())
    assert question.id in codex["permissionDecisionReason"]


@pytest.mark.parametrize(
    "response",
    [
        WEIGHTS,
        {"stdout": WEIGHTS, "stderr": ""},
        {"type": "text", "file": {"filePath": "/w/models/a.bin", "content": WEIGHTS}},
        {"output": WEIGHTS},
    ],
)
def test_what_a_tool_read_is_known_when_it_is_written(tmp_path: Path, response: Any) -> None:
    judge = engine(tmp_path)
    read = {**READ, "tool_use_id": "r"}
    assert answer_event(hook_event("PreToolUse", **read), using(judge)).output is None
    answer_event(hook_event("PostToolUse", tool_response=response, **read), using(judge))
    write = {"file_path": "/tmp/x", "content": WEIGHTS}
    assert decision(pre(tool_name="write_file", tool_input=write, tool_use_id="w"), judge)


def test_sub_agents_have_names_of_their_own(tmp_path: Path) -> None:
    judge = engine(tmp_path)
    answer_event(pre(agent_id="a7", agent_type="Explore"), using(judge))
    answer_event(pre(tool_use_id="t2"), using(judge))
    last = hook_event("SubagentStop", last_assistant_message="All done.", agent_id="a7")
    answer_event(last, using(judge))
    actors = [e.actor for e in judge.sessions.get("s").watch.events if e.kind != "decision"]
    assert actors == ["Explore:a7", "Explore:a7", "main", "main", "a7"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"hook_event_name": 3}',
        "[" * 100_000,
        hook_event("PreToolUse"),
        hook_event("PreToolUse", tool_name=""),
        json.dumps({"hook_event_name": "PreToolUse", **COPY}),
        hook_event("PreToolUse", tool_name="x", tool_input=[1]).replace('"s"', "7"),
    ],
)
def test_what_cannot_be_judged_is_blocked(tmp_path: Path, text: str) -> None:
    judge = engine(tmp_path)
    answer = answer_event(text, using(judge))
    denied = answer.output or {"hookSpecificOutput": {}}
    blocked = denied["hookSpecificOutput"].get("permissionDecision") == "deny"
    assert answer.code == 2 or blocked
    assert answer_event(text, using(judge), "allow").code == 0


def test_a_decider_that_cannot_be_reached_blocks_calls_and_nothing_else() -> None:
    def broken() -> Decides:
        raise UserError("the policy is gone")

    def crashed() -> Decides:
        raise RuntimeError("a defect")

    def away() -> Decides:
        return Remote("unix:/nonexistent/socket")

    for connect in (broken, crashed):
        assert answer_event(pre(), connect).code == 2
        assert answer_event(pre(), connect, "allow").code == 0
    told = answer_event(pre(), away).output["hookSpecificOutput"]
    assert told["permissionDecision"] == "deny"
    for event in (hook_event("Stop", last_assistant_message="x"), hook_event("Notification")):
        for connect in (broken, crashed, away):
            answer = answer_event(event, connect)
            assert (answer.code, answer.output) == (0, None)


def test_the_command_keeps_a_session_between_processes(tmp_path: Path) -> None:
    words = [*COMMAND, "hook", "--policy", str(policy_file(tmp_path))]
    words += ["--state", str(tmp_path / "s.db")]
    read = {**READ, "tool_use_id": "r"}
    write = {"file_path": "/tmp/x", "content": WEIGHTS}
    events = [
        hook_event("PreToolUse", **read),
        hook_event("PostToolUse", tool_response={"stdout": WEIGHTS}, **read),
        hook_event("PreToolUse", tool_name="write_file", tool_input=write, tool_use_id="w"),
        "nonsense",
    ]
    done = [subprocess.run(words, input=e, capture_output=True, text=True) for e in events]
    assert [d.returncode for d in done] == [0, 0, 0, 2]
    assert [bool(d.stdout) for d in done] == [False, False, True, False]
    assert "writes weights into" in done[2].stdout
