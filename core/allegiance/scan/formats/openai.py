"""Messages of OpenAI, LangChain or Anthropic, and items of the Responses API.

A conversation is ``{"messages": [...]}`` or a bare list. A file holds one conversation, a list of
them, or one a line. A file with one message a line is one conversation. Most of these formats do
not mark calls that fail: an answer that begins the way frameworks report an error counts as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allegiance.scan.documents import Document, documents
from allegiance.scan.messages import Message, arguments, identity, parse, succeeded, value_of
from allegiance.scan.opening import Opening
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
from allegiance.trace.effects import Effect

FALLBACK = True
"""The keys below are common: a more specific format that recognizes a file goes first."""
WANTED = 'an object with "messages", or a list of messages'


def recognizes(opening: Opening) -> bool:
    """Tell whether a file holds messages, or conversations of them."""
    keys = ("messages", "role", "lc", "input", "output", "type")
    return isinstance(opening.first, list) or opening.has_key(*keys)


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file; a message a line is one conversation.

    Raises:
        UserError: If nothing in it is JSON.
    """
    single: list[Any] = []
    for document in documents(path):
        if document.damage is None and _is_item(document.data):
            single.append(document.data)
        else:
            yield from _document(document)
    if single:
        yield _named("lines", single)


def _document(document: Document) -> Iterator[Found]:
    name, data = f"line {document.line}", document.data
    if document.damage is not None:
        yield Unread(name, document.damage)
    elif isinstance(data, list) and data and not any(_is_item(item) for item in data):
        for number, item in enumerate(data):
            yield _named(f"{name}, {number}", item)
    else:
        yield _named(name, data)


def _named(name: str, data: Any) -> Found:
    try:
        if isinstance(data, Mapping):
            name = identity(data.get("id")) or name
            items = _items_of(data)
        elif isinstance(data, list):
            items = data
        else:
            raise UnreadableError(f"{short(data)} is not {WANTED}")
        if not items:
            raise UnreadableError("there is no message in it")
        return conversation(name, items)
    except (UnreadableError, RecursionError) as error:
        return Unread(name, str(error) or "nested too deep")


def _items_of(data: Mapping[str, Any]) -> list[Any]:
    messages = data.get("messages")
    if messages is None:
        given, output = data.get("input"), data.get("output")
        if isinstance(output, list):
            return [*(given if isinstance(given, list) else ()), *output]
        messages = given
    if not isinstance(messages, list):
        raise UnreadableError(f"{short(dict(data))} is not {WANTED}")
    return messages


def _is_item(data: Any) -> bool:
    if isinstance(data, list):
        return len(data) == 2 and all(isinstance(part, str) for part in data)
    return isinstance(data, Mapping) and (
        "role" in data
        or str(data.get("type")).endswith(("_call", "_output"))
        or data.get("type") in ("message", "reasoning", "ai", "human", "system", "tool")
        or "lc" in data
    )


def conversation(name: str, items: Sequence[Any]) -> Conversation:
    """Return a conversation of messages and items.

    Raises:
        UnreadableError: If one is neither.
    """
    log = StepLog()
    for item in items:
        kind = str(item.get("type")) if isinstance(item, Mapping) and "role" not in item else ""
        if kind.endswith("_call"):
            _call(log, kind, item)
        elif kind.endswith("_call_output"):
            text = value_of(item.get("output"))
            log.answered(identity(item.get("call_id")), None, text, succeeded(text))
        elif kind not in ("reasoning", "item_reference", "compaction"):
            log.message(parse(item))
    return Conversation(name, tuple(log.steps), tuple(log.problems))


def _call(log: StepLog, kind: str, item: Mapping[str, Any]) -> None:
    """Tell of an item that is a call, also of a tool that the provider runs itself."""
    tool = item.get("name") or kind.removesuffix("_call")
    given = next((item[n] for n in ("arguments", "input", "action") if n in item), None)
    if given is None:
        left_out = ("type", "id", "call_id", "status", "output", "error", "results")
        given = {name: value for name, value in item.items() if name not in left_out}
    id = identity(item.get("call_id") or item.get("id"))
    log.called(AGENT, str(tool), arguments(given), id)
    error, output = item.get("error"), item.get("output")
    hosted = "call_id" not in item and item.get("status") in (None, "completed", "failed")
    if error or output is not None or hosted:
        failed = bool(error) or item.get("status") == "failed"
        log.answered(id, None, value_of(output or error), not failed)


class StepLog:
    """Steps in order, made from messages; a result is joined to its call."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.problems: list[str] = []
        self._open: list[tuple[int, str | None, str]] = []
        self._calls = 0

    def message(self, message: Message, actor: str = AGENT) -> None:
        """Add what an agent says, the calls and the results of a message."""
        who = message.name or actor
        if message.said.strip():
            self.steps.append(MessageStep(who, message.said))
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
    ) -> None:
        """Add a call."""
        self._calls += 1
        self._open.append((self._calls, id, tool))
        self.steps.append(CallStep(self._calls, actor, tool, args, id, effects))

    def answered(
        self,
        id: str | None,
        tool: str | None,
        text: str,
        ok: bool,
        effects: tuple[Effect, ...] | None = None,
    ) -> None:
        """Add a result to the first open call with its id, or else of its tool."""
        fits: Iterable[tuple[int, str | None, str]] = (
            (call for call in self._open if call[1] == id)
            if id is not None
            else (call for call in self._open if tool in (None, call[2]))
        )
        call = next(iter(fits), None)
        if call is None:
            what = f"the call {id!r}" if id is not None else f"a call to {tool!r}"
            self.problems.append(f"a tool answered {what}, which is not recorded")
            return
        self._open.remove(call)
        self.steps.append(ResultStep(call[0], text, ok, effects))
