"""Conversations from messages in order, and what the formats of messages share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allegiance.scan.documents import Document, documents
from allegiance.scan.messages import (
    Message,
    ToolCall,
    ToolResult,
    arguments,
    identity,
    parse,
    succeeded,
    value_of,
)
from allegiance.scan.steps import (
    AGENT,
    CallStep,
    Conversation,
    Found,
    MessageStep,
    ResultStep,
    Step,
    Unread,
    UnreadableError,
    short,
)
from allegiance.scan.values import SILENT
from allegiance.trace.effects import Effect

_ODD = (AttributeError, TypeError, KeyError, IndexError, ValueError, OverflowError)


class StepLog:
    """Steps in order, made from messages; a result is joined to its call."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._open: dict[int, tuple[str | None, str]] = {}
        self._by_id: dict[str, deque[int]] = {}
        self._by_tool: dict[str, deque[int]] = {}
        self._calls = 0

    def text(self, actor: str, text: str) -> None:
        """Add what an agent says, unless it is blank."""
        if text and not text.isspace():
            self.steps.append(MessageStep(actor, text))

    def message(self, message: Message, actor: str = AGENT) -> None:
        """Add what an agent says, the calls and the results of a message."""
        who = message.name or actor
        self.text(who, message.said)
        for ask in message.asks:
            self.called(who, ask.name, ask.args, ask.id)
        for answer in message.answers:
            self.answered(answer.id, answer.name, answer.text, answer.ok)

    def called(
        self,
        actor: str,
        tool: str,
        args: Any,
        id: str | None,
        effects: tuple[Effect, ...] | None = None,
    ) -> int:
        """Add a call and return its key."""
        self._calls += 1
        key = self._calls
        self._open[key] = id, tool
        if id is not None:
            self._by_id.setdefault(id, deque()).append(key)
        self._by_tool.setdefault(tool, deque()).append(key)
        self.steps.append(CallStep(key, actor, tool, args, id, effects))
        return key

    def answered(
        self,
        id: str | None,
        tool: str | None,
        text: str | None,
        ok: bool,
        effects: tuple[Effect, ...] | None = None,
    ) -> None:
        """Add a result to the first open call with its id, or else of its tool."""
        if id is not None:
            key = self._first(self._by_id.get(id))
        elif tool is not None:
            key = self._first(self._by_tool.get(tool))
        else:
            key = next(iter(self._open), None)
        if key is None:
            what = f"the call {id!r}" if id is not None else f"a call to {tool!r}"
            self.problems.append(f"a tool answered {what}, which is not recorded")
            return
        self.finished(key, text, ok, effects)

    def finished(
        self, key: int, text: str | None, ok: bool, effects: tuple[Effect, ...] | None = None
    ) -> None:
        """Add the result of the call with a key; a second result of a call is left out."""
        if self._open.pop(key, None) is not None:
            self.steps.append(ResultStep(key, text, ok, effects))

    def is_open(self, id: str) -> bool:
        """Tell whether a call with an id waits for its result."""
        return self._first(self._by_id.get(id)) is not None

    def open_calls(self) -> list[int]:
        """Return the keys of the calls that wait for their results."""
        return list(self._open)

    def conversation(self, name: str, *, cut: bool = False) -> Conversation:
        """Return the conversation of the steps."""
        return Conversation(name, tuple(self.steps), tuple(self.problems), tuple(self.notes), cut)

    def _first(self, keys: deque[int] | None) -> int | None:
        while keys:
            if keys[0] in self._open:
                return keys[0]
            keys.popleft()
        return None


def as_message(item: Any) -> Message:
    """Read a message, or an item of the Responses API, as a message.

    Raises:
        UnreadableError: If it is neither.
    """
    if type(item) is dict and "role" in item:
        return parse(item)
    kind = str(item.get("type")) if isinstance(item, Mapping) and "role" not in item else ""
    if kind.endswith("_call") and kind != "tool_call":
        return _call(kind, item)
    if kind.endswith("_call_output"):
        text = value_of(item.get("output"))
        id = identity(item.get("call_id"))
        return Message(answers=(ToolResult(id, None, text, succeeded(text)),))
    return Message() if kind in SILENT else parse(item)


def _call(kind: str, item: Mapping[str, Any]) -> Message:
    """Read an item that is a call, also of a tool that the provider runs itself."""
    tool = item.get("name") or kind.removesuffix("_call")
    value = next((item[n] for n in ("arguments", "input", "action") if n in item), None)
    if value is None:
        left_out = ("type", "id", "call_id", "status", "output", "error", "results")
        value = {name: field for name, field in item.items() if name not in left_out}
    id = identity(item.get("call_id") or item.get("id"))
    ask = ToolCall(id, str(tool), arguments(value))
    error, output = item.get("error"), item.get("output")
    hosted = "call_id" not in item and item.get("status") in (None, "completed", "failed")
    if not (error or output is not None or hosted):
        return Message(asks=(ask,))
    failed = bool(error) or item.get("status") == "failed"
    text = value_of(output or error) if output or error else None
    return Message(asks=(ask,), answers=(ToolResult(id, str(tool), text or "", not failed),))


def conversation(name: str, items: Sequence[Any], actor: str = AGENT) -> Conversation:
    """Return a conversation of messages and items.

    Raises:
        UnreadableError: If one is neither.
    """
    log = StepLog()
    for item in items:
        log.message(as_message(item), actor)
    return log.conversation(name)


def read_each(path: Path, read: Callable[[str, Any], Iterator[Found] | Found]) -> Iterator[Found]:
    """Yield what a function reads from each document of a file.

    Args:
        path: The file.
        read: Takes the name of a document (``line 3``) and its data, and returns conversations.

    Raises:
        UserError: If nothing in the file is JSON.
    """
    leading: Unread | None = None
    for number, document in enumerate(documents(path)):
        for result in of_document(document, read):
            if isinstance(result, Unread):
                if number == 0 and isinstance(document.data, Mapping):
                    leading = result  # it may describe the file
                    continue
                if leading is not None:
                    yield leading
            leading = None
            yield result
    if leading is not None:
        yield leading


def records(
    path: Path, is_record: Callable[[Mapping[str, Any]], bool], wanted: str
) -> Iterator[tuple[str, Mapping[str, Any]] | Unread]:
    """Yield the records of a file with their names, and what in the file is no record.

    Records are documents, or the items of documents that are lists. An object at the top that is
    no record describes the file, and is left out if a record follows.

    Args:
        path: The file.
        is_record: Tells a record from other objects.
        wanted: What records are called in a message.

    Raises:
        UserError: If nothing in the file is JSON.
    """
    leading: Unread | None = None
    is_top = True
    for document in documents(path):
        name = f"line {document.line}"
        if document.damage is not None:
            yield Unread(name, document.damage)
            continue
        for item in document.data if isinstance(document.data, list) else (document.data,):
            if isinstance(item, Mapping) and is_record(item):
                leading = None
                yield name, item
            else:
                other = Unread(name, f"{short(item)} is not {wanted}")
                if is_top and isinstance(item, Mapping):
                    leading = other
                else:
                    if leading is not None:
                        yield leading
                        leading = None
                    yield other
            is_top = False
    if leading is not None:
        yield leading


def of_document(
    document: Document, read: Callable[[str, Any], Iterator[Found] | Found]
) -> Iterator[Found]:
    """Yield what a function reads from a document, or why it cannot be read."""
    name = f"line {document.line}"
    if document.damage is not None:
        yield Unread(name, document.damage)
        return
    try:
        result = read(name, document.data)
        if isinstance(result, (Conversation, Unread)):
            yield result
        else:
            yield from result
    except UnreadableError as error:
        yield Unread(name, str(error))
    except RecursionError:
        yield Unread(name, "nested too deeply")
    except _ODD as error:
        yield Unread(name, f"it has an unknown form ({type(error).__name__}: {error})"[:300])
