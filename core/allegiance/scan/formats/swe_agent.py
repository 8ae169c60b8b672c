"""Trajectories of SWE-agent (``.traj``).

A step of a trajectory is an action and what came of it. With function calling the history has the
call and its arguments; in the text modes the action is a command, read as a call to ``bash``.
Demonstrations in the history are no acts of the agent, and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, records
from allegiance.scan.messages import ToolCall, identity, parse, succeeded, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError
from allegiance.scan.values import first_of, listed, mapped, objects

WANTED = "a trajectory of SWE-agent, which has a trajectory with actions"


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a trajectory of SWE-agent."""
    return Certainty.CERTAIN if opening.has(_is_run) else Certainty.NONE


def _is_run(item: Mapping[str, Any]) -> bool:
    if any(_is_run(attempt) for attempt in objects(item.get("attempts"))):
        return True
    steps = listed(item.get("trajectory"))[:5]
    return bool(steps) and all("action" in s and "observation" in s for s in map(mapped, steps))


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each trajectory, and for each attempt of one.

    Raises:
        UserError: If nothing in it is JSON.
    """
    for record in records(path, lambda i: "trajectory" in i or "attempts" in i, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        name = identity(first_of(data, "instance_id", "environment")) or name
        attempts = [*objects(data.get("attempts"))] or [data]
        for number, attempt in enumerate(attempts):
            own = f"{name}, attempt {number}" if len(attempts) > 1 else name
            try:
                yield _conversation(own, attempt)
            except (UnreadableError, RecursionError) as error:
                yield Unread(own, str(error) or "nested too deeply")


def _conversation(name: str, data: Mapping[str, Any]) -> Found:
    log = StepLog()
    steps = data.get("trajectory")
    if not isinstance(steps, list):
        raise UnreadableError(f"it is not {WANTED}")
    history = [
        m for m in objects(data.get("history")) if m.get("role") == "assistant" and not _is_demo(m)
    ]
    position = 0
    for step in steps:
        values = mapped(step)
        action = values.get("action")
        if not isinstance(action, str):
            raise UnreadableError("a step has no action")
        entry, position = _entry(history, position, values)
        actor = str(entry.get("agent") or AGENT)
        said = first_of(values, "thought", "response")
        log.text(actor, said if isinstance(said, str) else "")
        keys = _calls(log, actor, action, entry)
        text = value_of(values.get("observation"))
        for key in keys:
            log.finished(key, text, succeeded(text))
    status = mapped(data.get("info")).get("exit_status")
    if isinstance(status, str) and "error" in status:
        log.problems.append(f"it ended in an error: {status[:200]}")
    return log.conversation(name)


def _is_demo(message: Mapping[str, Any]) -> bool:
    return bool(message.get("is_demo")) or message.get("message_type") == "demonstration"


def _entry(
    history: list[Mapping[str, Any]], position: int, step: Mapping[str, Any]
) -> tuple[Mapping[str, Any], int]:
    """Return the message of the history in which a step was asked for, and where to go on."""
    for index in range(position, min(position + 5, len(history))):
        message = history[index]
        if step.get("action") == message.get("action") or (
            step.get("response") and step["response"] == message.get("content")
        ):
            return message, index + 1
    return {}, position


def _calls(log: StepLog, actor: str, action: str, entry: Mapping[str, Any]) -> list[int]:
    asks: tuple[ToolCall, ...] = ()
    if entry.get("tool_calls"):
        asks = parse({"role": "assistant", "tool_calls": entry["tool_calls"]}).asks
    if asks:
        return [log.called(actor, ask.name, ask.args, ask.id) for ask in asks]
    command = action.strip()
    if not command or (command.startswith("exit_") and " " not in command):
        return []  # what SWE-agent notes when it stops the agent
    return [log.called(actor, "bash", {"command": command}, None)]
