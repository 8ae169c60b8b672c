"""Trajectories in the Agent Trajectory Interchange Format (ATIF), as Harbor writes them.

A conversation is one trajectory; those of sub-agents that a file embeds are conversations too. A
text-mode agent (terminus-2) writes its commands as JSON into its message: they are read as calls to
``bash_command`` if the step records no calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, records
from allegiance.scan.documents import structured
from allegiance.scan.messages import arguments, identity, succeeded, text_of, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, listed, mapped, objects

WANTED = "a trajectory of ATIF, which has a schema_version and steps"
_DEEPEST = 10


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds trajectories."""
    if opening.has(lambda i: str(i.get("schema_version")).startswith("ATIF") and "steps" in i):
        return Certainty.CERTAIN
    return Certainty.LIKELY if opening.has(_is_trajectory) else Certainty.NONE


def _is_trajectory(item: Mapping[str, Any]) -> bool:
    steps = listed(item.get("steps"))
    return bool(steps) and all("source" in s or "step_id" in s for s in map(mapped, steps[:5]))


def read(path: Path) -> Iterator[Found]:
    """Yield the trajectories of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    for record in records(path, lambda i: "steps" in i, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        try:
            yield from _trajectories(*record)
        except (UnreadableError, RecursionError) as error:
            yield Unread(record[0], str(error) or "nested too deeply")


def _trajectories(name: str, data: Mapping[str, Any], depth: int = 0) -> Iterator[Found]:
    if depth > _DEEPEST:
        raise UnreadableError("its sub-agents are nested too deeply")
    agent = mapped(data.get("agent"))
    actor = str(agent.get("name") or AGENT)
    id = identity(first_of(data, "trajectory_id", "session_id")) or name
    log = StepLog()
    steps = data.get("steps")
    if not isinstance(steps, list):
        raise UnreadableError(f"its steps are {short(steps)}, not a list")
    for step in steps:
        if not isinstance(step, Mapping):
            raise UnreadableError(f"{short(step)} is not a step")
        if step.get("source") == "agent":
            _step(log, step, actor)
    if data.get("continued_trajectory_ref"):
        log.notes.append(f"it goes on in {short(data['continued_trajectory_ref'])}")
    yield log.conversation(id)
    for number, inner in enumerate(objects(data.get("subagent_trajectories"))):
        yield from _trajectories(f"{id}, sub-agent {number}", inner, depth + 1)


def _step(log: StepLog, step: Mapping[str, Any], actor: str) -> None:
    if step.get("is_copied_context"):  # it is told in full where it happened
        return
    message = text_of(step.get("message"))
    log.text(actor, message)
    results = [*objects(mapped(step.get("observation")).get("results"))]
    keys = {}
    for call in listed(step.get("tool_calls")):
        tool = mapped(call).get("function_name") or mapped(call).get("name")
        if not isinstance(tool, str) or not tool:
            raise UnreadableError(f"a tool call has no function_name: {short(call)}")
        id = identity(first_of(call, "tool_call_id", "id"))
        key = log.called(actor, tool, arguments(call.get("arguments")), id)
        keys[id if id is not None else f"#{key}"] = key
    if not keys:
        for number, args in enumerate(_commands(message)):
            keys[f"#{number}"] = log.called(actor, "bash_command", args, None)
    shared = [r for r in results if identity(r.get("source_call_id")) is None]
    for result in results:
        source = identity(result.get("source_call_id"))
        if source is not None and source in keys:
            _answer(log, keys.pop(source), [result])
        elif source is not None:
            log.answered(source, None, value_of(result.get("content")), True)
    for key in keys.values():  # a terminal answers all of them with one screen
        if shared:
            _answer(log, key, shared)


def _answer(log: StepLog, key: int, results: list[Mapping[str, Any]]) -> None:
    text = "\n".join(value_of(result.get("content")) for result in results)
    failed = any(result.get("is_error") for result in results)
    log.finished(key, text, not failed and succeeded(text))


def _commands(message: str) -> Iterator[Mapping[str, Any]]:
    """Yield the commands that a text-mode agent writes as JSON."""
    start = message.find("{")
    end = message.rfind("}")
    data = structured(message[start : end + 1]) if 0 <= start < end else None
    for command in objects(mapped(data).get("commands")):
        if isinstance(command.get("keystrokes"), str):
            yield {"keystrokes": command["keystrokes"]}
