"""Messages of Pydantic AI, as ``all_messages_json`` writes them.

A message is a request or a response with parts. A conversation is a list of messages, alone in the
file, one a line, or in an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, read_each
from allegiance.scan.documents import documents
from allegiance.scan.messages import arguments, identity, succeeded, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, UnreadableError, short
from allegiance.scan.values import listed, mapped, objects

WANTED = "a list of messages of Pydantic AI, which have a kind and parts"
_LISTS = ("messages", "all_messages", "message_history", "_state", "state", "new_messages")
_CALLS = ("tool-call", "builtin-tool-call", "tool-search-call")
_RETURNS = ("tool-return", "builtin-tool-return", "tool-search-return")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds messages of Pydantic AI."""
    known = opening.has(_is_message) or opening.has(lambda i: _messages(i) is not None)
    return Certainty.CERTAIN if known else Certainty.NONE


def _is_message(item: Any) -> bool:
    values = mapped(item)
    return values.get("kind") in ("request", "response") and isinstance(values.get("parts"), list)


def _messages(data: Any, depth: int = 0) -> list[Any] | None:
    if isinstance(data, list):
        return data if any(_is_message(item) for item in data[:5]) else None
    if not isinstance(data, Mapping) or depth > 2:
        return None
    inner = (_messages(data.get(name), depth + 1) for name in _LISTS)
    return next((found for found in inner if found is not None), None)


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    if any(_is_message(document.data) for document in documents(path)):
        yield from _lines(path)
    else:
        yield from read_each(path, _each)


def _lines(path: Path) -> Iterator[Found]:
    """Yield the one conversation of a file with one message a line."""
    log = StepLog()

    def add(name: str, data: Any) -> Iterator[Found]:
        if _is_message(data):
            _add(log, data)
        else:
            raise UnreadableError(f"{short(data)} is not {WANTED}")
        yield from ()

    yield from read_each(path, add)
    yield log.conversation("lines")


def _each(name: str, data: Any) -> Iterator[Found]:
    messages = _messages(data)
    batch = listed(data)
    if messages is None and batch and all(_messages(item) is not None for item in batch):
        for number, item in enumerate(batch):
            yield from _each(f"{name}, {number}", item)
        return
    if messages is None:
        raise UnreadableError(f"{short(data)} is not {WANTED}")
    log = StepLog()
    for message in messages:
        if not _is_message(message):
            raise UnreadableError(f"{short(message)} is not a message of Pydantic AI")
        _add(log, message)
    own = identity(mapped(data).get("id")) or identity(messages[0].get("conversation_id"))
    yield log.conversation(own or name)


def _add(log: StepLog, message: Mapping[str, Any]) -> None:
    for part in objects(message["parts"]):
        kind = part.get("part_kind")
        tool, id = part.get("tool_name"), identity(part.get("tool_call_id"))
        if kind == "text" and message["kind"] == "response":
            log.text(AGENT, str(part.get("content") or ""))
        elif kind in _CALLS:
            if not isinstance(tool, str) or not tool:
                raise UnreadableError(f"a tool call has no name: {short(dict(part))}")
            log.called(AGENT, tool, arguments({} if part.get("args") is None else part["args"]), id)
        elif kind in _RETURNS:
            text = value_of(part.get("content"))
            outcome = part.get("outcome", "success")
            log.answered(id, tool, text, outcome == "success" and succeeded(text))
        elif kind == "retry-prompt" and tool is not None:
            log.answered(id, tool, value_of(part.get("content")), False)
