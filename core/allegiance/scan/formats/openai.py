"""Messages of OpenAI, LangChain or Anthropic, and items of the Responses API.

A conversation is ``{"messages": [...]}`` or a bare list. A file holds one conversation, a list of
them, or one a line. A file with one message a line is one conversation. Most of these formats do
not mark calls that fail: an answer that begins the way frameworks report an error counts as one.
Logs of requests with their responses, results of batches, and traces of Invariant are of this form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import conversation
from allegiance.scan.documents import Document, documents
from allegiance.scan.messages import identity
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Found, Unread, UnreadableError, short
from allegiance.scan.values import is_typed, listed, mapped, messages_of

WANTED = 'an object with "messages", or a list of messages'
_LISTS = ("messages", "chat_history", "conversation", "history")
_WRAPPERS = (
    "body",
    "request",
    "kwargs",
    "values",
    "state",
    "data",
    "sample",
    "trace",
    "trajectory",
)
_RESULTS = ("output", "choices", "response", "completion", "result")
_ROLES = ("user", "assistant", "system", "tool", "developer", "function", "human", "ai", "model")


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds messages, or conversations of them."""
    if any(_is_chat(item) for item in opening.items):
        return Certainty.LIKELY
    keys = ("messages", "role", "lc", "input", "output", "type")
    lists = any(isinstance(document, list) and document for document in opening.documents)
    known = lists or opening.has_key(*keys) or opening.has(lambda i: messages_in(i) is not None)
    return Certainty.POSSIBLE if known else Certainty.NONE


def _is_chat(item: Any) -> bool:
    if isinstance(item, list):
        return bool(item) and all(mapped(inner).get("role") in _ROLES for inner in item[:5])
    data = mapped(item)
    messages = listed(data.get("messages"))
    if messages:
        return all(mapped(inner).get("role") in _ROLES for inner in messages[:5])
    return data.get("role") in _ROLES and ("content" in data or "tool_calls" in data)


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file; a message a line is one conversation.

    Raises:
        UserError: If nothing in it is JSON.
    """
    single: list[Any] = []
    leading: Document | None = None
    for number, document in enumerate(documents(path)):
        if document.damage is None and _is_item(document.data):
            single.append(document.data)
        elif number == 0 and _is_metadata(document):
            leading = document
        else:
            for result in _document(document):
                if leading is not None and isinstance(result, Unread):
                    yield from _document(leading)
                leading = None
                yield result
    if leading is not None and not single:  # there is nothing else in the file
        yield from _document(leading)
    if single:
        yield _named("lines", single)


def _is_metadata(document: Document) -> bool:
    """Tell whether a document describes the file: it is an object without any messages."""
    data = document.data
    return isinstance(data, Mapping) and bool(data) and messages_in(data) is None


def _document(document: Document) -> Iterator[Found]:
    name, data = f"line {document.line}", document.data
    if document.damage is not None:
        yield Unread(name, document.damage)
    elif isinstance(data, list) and data and not any(_is_item(item) for item in data):
        for number, item in enumerate(data):
            if number or not _is_metadata(Document(0, item)) or len(data) == 1:
                yield _named(f"{name}, {number}", item)
    else:
        yield _named(name, data)


def _named(name: str, data: Any) -> Found:
    try:
        if isinstance(data, Mapping):
            name = identity(data.get("id")) or identity(data.get("custom_id")) or name
            items = messages_in(data)
            if items is None:
                raise UnreadableError(f"{short(dict(data))} is not {WANTED}")
        elif isinstance(data, list):
            items = data
        else:
            raise UnreadableError(f"{short(data)} is not {WANTED}")
        if not items:
            raise UnreadableError("there is no message in it")
        return conversation(name, items)
    except (UnreadableError, RecursionError) as error:
        return Unread(name, str(error) or "nested too deep")


def messages_in(data: Mapping[str, Any], depth: int = 0) -> list[Any] | None:
    """Return the messages of an object: those it was sent, and then those of its answer.

    Returns:
        None if it has no known form.
    """
    if _is_item(data):
        return [data]
    before = next((data[n] for n in _LISTS if isinstance(data.get(n), list)), None)
    if before is None and isinstance(data.get("messages"), str):
        before = messages_of(data["messages"])
    asked = data.get("input")
    if before is None and isinstance(asked, list):
        before = asked
    if before is None and depth < 3:
        inner = (messages_in(data[n], depth + 1) for n in _WRAPPERS if mapped(data.get(n)))
        before = next((items for items in inner if items is not None), None)
    after = None
    for name in _RESULTS:
        value = data.get(name)
        if after is None and name in ("output", "choices"):
            after = messages_of({name: value})
        elif after is None and isinstance(value, Mapping) and depth < 3:
            after = messages_in(value, depth + 1)
    if before is None and after is None:
        return None
    return [*(before or ()), *(after or ())]


def _is_item(data: Any) -> bool:
    if isinstance(data, list):
        return len(data) == 2 and all(isinstance(part, str) for part in data)
    return isinstance(data, Mapping) and (
        data.get("role") is not None or is_typed(data) or "lc" in data
    )
