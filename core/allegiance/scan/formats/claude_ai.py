"""Exports of claude.ai: conversations with ``chat_messages``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, read_each
from allegiance.scan.messages import identity, parse
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Found, Unread, UnreadableError, short
from allegiance.scan.values import objects

WANTED = 'a conversation of claude.ai, which has "chat_messages"'


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is an export of claude.ai."""
    found = opening.has(lambda i: isinstance(i.get("chat_messages"), list))
    nested = opening.has(
        lambda i: any("chat_messages" in c for c in objects(i.get("conversations")))
    )
    return Certainty.CERTAIN if found or nested else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of an export.

    Raises:
        UserError: If nothing in it is JSON.
    """
    yield from read_each(path, _each)


def _each(name: str, data: Any) -> Iterator[Found]:
    if isinstance(data, Mapping) and isinstance(data.get("conversations"), list):
        data = data["conversations"]
    for number, item in enumerate(data if isinstance(data, list) else [data]):
        try:
            yield _one(f"{name}, {number}", item)
        except UnreadableError as error:
            yield Unread(f"{name}, {number}", str(error))


def _one(name: str, data: Any) -> Found:
    messages = data.get("chat_messages") if isinstance(data, Mapping) else None
    if not isinstance(messages, list):
        raise UnreadableError(f"{short(data)} is not {WANTED}")
    log = StepLog()
    for message in messages:
        if not isinstance(message, Mapping):
            raise UnreadableError(f"{short(message)} is not a message")
        role = "assistant" if message.get("sender") == "assistant" else "user"
        content = message.get("content")
        if not isinstance(content, list) or not content:
            content = str(message.get("text") or "")
        _add(log, role, content)
    return log.conversation(identity(data.get("uuid")) or name)


def _add(log: StepLog, role: str, content: Any) -> None:
    """Add a message block by block: results stand behind their calls in the same message."""
    for block in content if isinstance(content, list) else [content]:
        parsed = parse({"role": role, "content": [block] if block is not content else block})
        log.message(parsed)
