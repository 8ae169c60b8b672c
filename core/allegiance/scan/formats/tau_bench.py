"""Results of tau-bench and of tau2-bench.

A conversation is one trial of a task. An agent in the form of ReAct writes its calls into its text.
In tau2-bench users call tools too: those calls have the actor ``user``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, as_message, records
from allegiance.scan.messages import arguments, parse, succeeded, text_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.prose import react
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import listed, mapped, objects

WANTED = "a result of tau-bench, which has a task_id and messages"
_LISTS = ("traj", "messages")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds results of tau-bench."""
    if opening.has(_is_result):
        return Certainty.CERTAIN
    runs = opening.has(lambda i: any(_is_result(s) for s in objects(i.get("simulations"))))
    return Certainty.CERTAIN if runs else Certainty.NONE


def _is_result(item: Mapping[str, Any]) -> bool:
    if "task_id" not in item:
        return False
    has_score = any(n in item for n in ("reward", "reward_info", "trial", "termination_reason"))
    return isinstance(item.get("traj"), list) or (
        has_score and isinstance(item.get("messages"), list)
    )


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each trial.

    Raises:
        UserError: If nothing in it is JSON.
    """
    for record in records(path, lambda i: "task_id" in i or "simulations" in i, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        data = record[1]
        for result in listed(data.get("simulations")) or [data]:
            own = f"task {mapped(result).get('task_id')}, trial {mapped(result).get('trial')}"
            try:
                yield _conversation(own, mapped(result))
            except (UnreadableError, RecursionError) as error:
                yield Unread(own, str(error) or "nested too deeply")


def _conversation(name: str, data: Mapping[str, Any]) -> Found:
    messages = next((data[n] for n in _LISTS if isinstance(data.get(n), list)), None)
    if messages is None:
        raise UnreadableError(f"{short(dict(data))} is not {WANTED}")
    log = StepLog()
    is_react = not any(
        mapped(m).get("tool_calls") or mapped(m).get("role") == "tool" for m in messages
    )
    waiting: int | None = None
    for message in messages:
        values = mapped(message)
        role, text = values.get("role"), text_of(values.get("content"))
        if is_react and role == "assistant":
            log.text(AGENT, text)
            call = react(text)
            waiting = None
            if call is not None and call[0] != "respond":
                waiting = log.called(AGENT, call[0], arguments(call[1]), None)
        elif is_react and role == "user" and waiting is not None:
            log.finished(waiting, text.removeprefix("API output: "), succeeded(text))
            waiting = None
        elif role == "user" and values.get("tool_calls"):
            log.message(parse({**values, "role": "assistant", "content": ""}), "user")
        elif isinstance(message, Mapping) and listed(values.get("tool_messages")):
            for inner in values["tool_messages"]:
                log.message(as_message(inner))
        else:
            log.message(as_message({**values, "name": None} if role == "assistant" else message))
    return log.conversation(name)
