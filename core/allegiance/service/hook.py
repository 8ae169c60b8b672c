"""The hooks of coding agents: an event on standard input, a decision on standard output.

Claude Code and Codex send nearly the same events. A call that may run gets no answer, so that the
agent's own permissions still apply: an answer ``allow`` would skip the question to its user.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.errors import UserError
from allegiance.guard.recent import describe_error
from allegiance.reading import check_length, reads_text
from allegiance.service.client import Decides
from allegiance.service.engine import CallUnknown
from allegiance.service.wire import (
    Answer,
    DecideRequest,
    MessageRequest,
    OnFailure,
    ResultRequest,
    failure,
)
from allegiance.trace.text import sanitize

LONGEST_EVENT = 8_000_000
MAIN = "main"
"""The name of the agent that is not a sub-agent."""
Json = dict[str, Any]


@dataclass(frozen=True)
class HookAnswer:
    """What the hook tells the coding agent.

    Attributes:
        output: The object for standard output; None for no output.
        code: The exit code: 0, or 2 to block where no answer can be given.
        error: The message for standard error.
    """

    output: Json | None = None
    code: int = 0
    error: str = ""


@reads_text('{"hook_event_name": "PreToolUse"}', "{", "[", '"', "\\", limit=LONGEST_EVENT)
def read_event(text: str) -> Json:
    """Return the event of a hook.

    Raises:
        ValueError: If the string is not a JSON object with the name of an event, or too long.
    """
    check_length(text, LONGEST_EVENT)
    try:
        event = json.loads(text)
    except RecursionError:
        raise ValueError("the event is nested too deeply") from None
    if not isinstance(event, dict) or not isinstance(event.get("hook_event_name"), str):
        raise ValueError("the event is not an object with hook_event_name")
    return event


def is_codex(event: Mapping[str, Any]) -> bool:
    """Tell whether an event comes from Codex, which names turn and model in the event of a tool."""
    return "turn_id" in event or ("model" in event and "tool_name" in event)


def answer_event(
    text: str, connect: Callable[[], Decides], on_failure: OnFailure = "reject"
) -> HookAnswer:
    """Return the answer to an event.

    A call that cannot be judged is blocked, unless failures allow calls. Nothing else is: an agent
    that may not stop because its state cannot be read would run for ever.

    Args:
        text: What the coding agent wrote.
        connect: Returns what decides on calls and records the rest.
        on_failure: What becomes of a call when it cannot be judged.
    """
    try:
        event = read_event(text)
    except ValueError as error:
        return _unjudged(on_failure, f"the event of the hook cannot be read: {error}")
    name = event["hook_event_name"]
    try:
        if name == "PreToolUse":
            return _decide(event, connect(), on_failure)
        if name in ("PostToolUse", "PostToolUseFailure"):
            return _record(event, connect())
        if name in ("Stop", "SubagentStop"):
            return _stop(event, connect())
    except CallUnknown as error:
        return HookAnswer(error=str(error.args[0]))
    except Exception as error:  # noqa: BLE001 - a hook that crashes lets the call run
        why = str(error) if isinstance(error, UserError) else describe_error(error)
        if name == "PreToolUse":
            return _unjudged(on_failure, why)
        return HookAnswer(error=f"not recorded: {why}")
    return HookAnswer()


def _decide(event: Json, decider: Decides, on_failure: OnFailure) -> HookAnswer:
    tool, args = event.get("tool_name"), event.get("tool_input", {})
    if not isinstance(tool, str) or not tool:
        answer = failure(on_failure, "the event names no tool")
    else:
        request = DecideRequest(
            session=_session(event),
            tool=tool[:300],
            args=args if isinstance(args, dict) else json.dumps(args),
            agent=_agent(event),
            call_id=_call_id(event),
            asks=not is_codex(event),
        )
        answer = decider.decide(request)
    if answer.allowed:
        return HookAnswer(error=answer.message if answer.failed else "")
    action, reason = "deny", answer.message or "rejected"
    if answer.action == "ask":
        # Codex takes "ask" for a broken hook and runs the call
        if is_codex(event):
            reason = (
                f"{reason} (Codex cannot ask from a hook: the call waits for {answer.approval})"
            )
        else:
            action = "ask"
    return HookAnswer(
        output={
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": action,
                "permissionDecisionReason": sanitize(reason),
            }
        }
    )


def _record(event: Json, decider: Decides) -> HookAnswer:
    call_id = _call_id(event)
    if call_id is None:
        return HookAnswer(error="not recorded: the event has no tool_use_id")
    response = event.get("tool_response", event.get("error", ""))
    text = response if isinstance(response, str) else json.dumps(response)
    ok = event["hook_event_name"] == "PostToolUse" and not _failed(response)
    content = _content(response, text)
    request = ResultRequest(session=_session(event), call_id=call_id, text=content, ok=ok)
    return _told(decider.result(request))


def _stop(event: Json, decider: Decides) -> HookAnswer:
    text = event.get("last_assistant_message")
    if isinstance(text, str) and text.strip():
        request = MessageRequest(session=_session(event), text=text, agent=_agent(event))
        return _told(decider.message(request))
    return HookAnswer()


def _told(answer: Answer) -> HookAnswer:
    """Return findings as a message for the user; what has happened cannot be blocked."""
    if not answer.findings:
        return HookAnswer()
    reasons = "; ".join(f"{f.actor} {f.reason}" for f in answer.findings)
    return HookAnswer(output={"systemMessage": sanitize(f"allegiance: {reasons}")})


def _unjudged(on_failure: OnFailure, why: str) -> HookAnswer:
    answer = failure(on_failure, why)
    return HookAnswer(code=0 if answer.allowed else 2, error=answer.message)


def _session(event: Json) -> str:
    session = event.get("session_id")
    if not isinstance(session, str) or not session:
        raise ValueError("the event has no session_id")
    return session[:300]


def _agent(event: Json) -> str:
    kind, name = event.get("agent_type"), event.get("agent_id")
    if isinstance(name, str) and name:
        return f"{kind}:{name}"[:300] if isinstance(kind, str) and kind else name[:300]
    return MAIN


def _call_id(event: Json) -> str | None:
    call_id = event.get("tool_use_id")
    return call_id[:300] if isinstance(call_id, str) and call_id else None


def _failed(response: object) -> bool:
    if not isinstance(response, dict):
        return False
    if response.get("is_error") is True or response.get("success") is False:
        return True
    code = response.get("exit_code", response.get("exitCode"))
    return isinstance(code, int) and code != 0


def _content(response: object, text: str) -> str:
    """Return what a tool answered without what is around it, so that content is recognised."""
    if isinstance(response, dict):
        file = response.get("file")
        if isinstance(file, dict) and isinstance(file.get("content"), str):
            return str(file["content"])
        for key in ("stdout", "output", "content"):
            if isinstance(response.get(key), str):
                return str(response[key])
    return text
