"""Trajectories of mini-swe-agent (``.traj.json``).

In its text modes the model writes its one command as a fenced block (``bash`` or
``mswea_bash_command``); a message with no block or several runs nothing. Newer versions keep the
actions they parsed, or the model's tool calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, as_message
from allegiance.scan.documents import documents
from allegiance.scan.messages import identity, text_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.prose import fenced, return_code
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, is_typed, listed, mapped, objects

WANTED = "a trajectory of mini-swe-agent, which has messages"
_LANGUAGES = ("bash", "mswea_bash_command", "sh")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a trajectory of mini-swe-agent."""
    if opening.has(lambda i: str(i.get("trajectory_format")).startswith("mini-swe-agent")):
        return Certainty.CERTAIN
    for document in opening.documents:
        messages = document if isinstance(document, list) else mapped(document).get("messages")
        info = mapped(mapped(document).get("info")) if isinstance(document, Mapping) else {}
        if "mini_version" in info or _is_text_mode(listed(messages)[:20]):
            return Certainty.CERTAIN
    return Certainty.NONE


def _is_text_mode(messages: Any) -> bool:
    texts = [(m.get("role"), text_of(m.get("content"))) for m in messages if isinstance(m, Mapping)]
    asks = any(role == "assistant" and fenced(text, _LANGUAGES) for role, text in texts)
    answers = any(role == "user" and return_code(text) is not None for role, text in texts)
    extra = any("actions" in mapped(m.get("extra")) for m in objects(messages))
    return (asks and answers) or extra


def read(path: Path) -> Iterator[Found]:
    """Yield the trajectories of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    for document in documents(path):
        name, data = f"line {document.line}", document.data
        messages = data if isinstance(data, list) else mapped(data).get("messages")
        if document.damage is not None:
            yield Unread(name, document.damage)
        elif not isinstance(messages, list):
            yield Unread(name, f"{short(data)} is not {WANTED}")
        else:
            try:
                yield _conversation(identity(mapped(data).get("instance_id")) or name, messages)
            except (UnreadableError, RecursionError) as error:
                yield Unread(name, str(error) or "nested too deeply")


def _conversation(name: str, messages: list[Any]) -> Found:
    log = StepLog()
    waiting: list[int] = []
    for message in messages:
        if not isinstance(message, Mapping):
            raise UnreadableError(f"{short(message)} is not a message")
        extra = mapped(message.get("extra"))
        actions = [*objects(extra.get("actions"))]
        typed = is_typed(message) and "role" not in message
        if message.get("role") == "exit":
            _answer(log, log.open_calls(), message, extra)
        elif message.get("role") == "tool" or message.get("type") == "function_call_output":
            (answer,) = as_message(message).answers
            ok = _code(extra, answer.text) in (0, None)
            log.answered(answer.id, "bash", answer.text, ok)
        elif message.get("tool_calls") or typed:
            log.message(as_message({**message, "name": None} if not typed else message))
        elif isinstance(message.get("output"), list):  # an answer of the Responses API
            for item in message["output"]:
                log.message(as_message(item))
        elif message.get("role") in ("assistant", "model"):
            waiting = _asks(log, text_of(message.get("content")), actions)
        elif message.get("role") == "user" and waiting:
            _answer(log, waiting, message, extra)
            waiting = []
    return log.conversation(name)


def _asks(log: StepLog, text: str, actions: list[Mapping[str, Any]]) -> list[int]:
    log.text(AGENT, text)
    commands = [str(a["command"]) for a in actions if a.get("command")]
    if not commands:
        blocks = fenced(text, _LANGUAGES)
        commands = blocks if len(blocks) == 1 else []
    return [log.called(AGENT, "bash", {"command": command}, None) for command in commands]


def _answer(
    log: StepLog, waiting: list[int], message: Mapping[str, Any], extra: Mapping[str, Any]
) -> None:
    text = text_of(message.get("content"))
    for key in waiting:
        log.finished(key, text, _code(extra, text) in (0, None))


def _code(extra: Mapping[str, Any], text: str) -> Any:
    code = first_of(extra, "returncode")
    return return_code(text) if code is None else code
