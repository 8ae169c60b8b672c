"""Messages and saved states of AutoGen AgentChat.

Messages are dumped alone, one a line, or in a result (``{"messages": [...]}``). A saved state holds
what each agent of a team keeps as its context: its calls are those of the contexts, in the order of
the team's messages as far as they tell it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, records
from allegiance.scan.messages import arguments, identity, succeeded, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import listed, mapped, objects

WANTED = "a message or a saved state of AutoGen"
_TYPES = (
    *("TextMessage", "MultiModalMessage", "StopMessage", "HandoffMessage", "ThoughtEvent"),
    *("ToolCallRequestEvent", "ToolCallExecutionEvent", "ToolCallSummaryMessage"),
    *("StructuredMessage", "MemoryQueryEvent", "UserInputRequestedEvent", "SelectSpeakerEvent"),
    *("ModelClientStreamingChunkEvent", "CodeGenerationEvent", "CodeExecutionEvent"),
)
_SPOKEN = ("TextMessage", "MultiModalMessage", "StopMessage", "HandoffMessage")
_DEEPEST = 10


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds messages or a state of AutoGen."""
    known = opening.has(_is_record)
    return Certainty.CERTAIN if known else Certainty.NONE


def _is_message(item: Mapping[str, Any]) -> bool:
    return "source" in item and (
        item.get("type") in _TYPES or str(item.get("type")).startswith("StructuredMessage")
    )


def _is_state(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("agent_states"), Mapping) or "llm_context" in item


def _is_record(item: Mapping[str, Any]) -> bool:
    inner = [*objects(listed(item.get("messages"))[:5])]
    return _is_message(item) or _is_state(item) or any(map(_is_message, inner))


def read(path: Path) -> Iterator[Found]:
    """Yield the conversations of a file; messages one a line are one.

    Raises:
        UserError: If nothing in it is JSON.
    """
    log, is_used = StepLog(), False
    for record in records(path, _is_record, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        try:
            if _is_state(data):
                yield _team(name, data)
            elif isinstance(data.get("messages"), list):
                yield _messages(name, data["messages"])
            else:
                is_used = True
                _add(log, data)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deeply")
    if is_used:
        yield log.conversation("messages")


def _messages(name: str, messages: list[Any]) -> Found:
    log = StepLog()
    for message in messages:
        if not isinstance(message, Mapping):
            raise UnreadableError(f"{short(message)} is not {WANTED}")
        _add(log, message)
    return log.conversation(name)


def _add(log: StepLog, message: Mapping[str, Any], depth: int = 0) -> None:
    kind, source = str(message.get("type")), str(message.get("source") or AGENT)
    content = message.get("content")
    if kind in _SPOKEN or kind.startswith("StructuredMessage"):
        if source != "user":
            log.text(source, value_of(content))
        return
    for inner in objects(message.get("inner_messages")) if depth < _DEEPEST else ():
        _add(log, inner, depth + 1)
    if kind in ("ToolCallRequestEvent", "AssistantMessage"):
        _calls(log, source, content)
    elif kind in ("ToolCallExecutionEvent", "FunctionExecutionResultMessage"):
        _results(log, content)


def _calls(log: StepLog, source: str, content: Any) -> None:
    if isinstance(content, str):
        log.text(source, content)
    for call in listed(content):
        tool = mapped(call).get("name")
        if not isinstance(tool, str) or not tool:
            raise UnreadableError(f"a tool call has no name: {short(call)}")
        log.called(source, tool, arguments(call.get("arguments")), identity(call.get("id")))


def _results(log: StepLog, content: Any) -> None:
    for result in objects(content):
        text = value_of(result.get("content"))
        failed = result.get("is_error")
        ok = succeeded(text) if failed is None else not failed
        log.answered(identity(result.get("call_id")), identity(result.get("name")), text, ok)


def _team(name: str, state: Mapping[str, Any]) -> Found:
    """Return the conversation of a saved state, which may hold teams in teams."""
    contexts: dict[str, list[Mapping[str, Any]]] = {}
    thread: list[Mapping[str, Any]] = []
    _collect(state, AGENT, contexts, thread)
    log = StepLog()
    if any(message.get("type") == "ToolCallRequestEvent" for message in thread):
        known: set[str] = set()
        for message in thread:
            _add(log, message)
            known.update(_ids(message))
        contexts = {n: [i for i in c if _is_new(i, known)] for n, c in contexts.items()}
        thread = []
    turns = {source: _Turns(source, items) for source, items in contexts.items()}
    for message in thread:
        turn = turns.get(str(message.get("source")))
        for item in (message,) if turn is None else turn.until(message):
            _add(log, item)
    for turn in turns.values():  # what no message of the team follows
        for item in turn.until(None):
            _add(log, item)
    return log.conversation(name)


def _ids(message: Mapping[str, Any]) -> Iterator[str]:
    for call in objects(message.get("content")):
        yield str(call.get("id") or call.get("call_id"))


def _is_new(item: Mapping[str, Any], known: set[str]) -> bool:
    """Tell whether an item of a context holds a call or a result that the team's messages lack."""
    ids = [*_ids(item)]
    return bool(ids) and not any(id in known for id in ids)


class _Turns:
    """The context of one agent, taken turn by turn."""

    def __init__(self, name: str, items: list[Mapping[str, Any]]) -> None:
        self._items: list[Mapping[str, Any]] = [{"source": name, **i} for i in items]
        self._next = 0
        self._texts: dict[str, deque[int]] = {}
        for index, item in enumerate(items):
            if item.get("type") == "AssistantMessage" and isinstance(item.get("content"), str):
                self._texts.setdefault(item["content"], deque()).append(index)

    def until(self, message: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
        """Return the items up to where the agent spoke a message; all that are left for None.

        An agent that did not speak it itself, since it only passed on a result, ends its turn
        where it hears from others again.
        """
        start = self._next
        content = None if message is None else message.get("content")
        spoken = self._texts.get(content) if isinstance(content, str) else None
        while spoken and spoken[0] < start:
            spoken.popleft()
        if spoken:
            self._next = spoken.popleft() + 1
        elif message is None:
            self._next = len(self._items)
        else:
            has_acted = False
            while self._next < len(self._items):
                is_heard = self._items[self._next].get("type") == "UserMessage"
                if has_acted and is_heard:
                    break
                has_acted = has_acted or not is_heard
                self._next += 1
        return self._items[start : self._next]


def _collect(
    state: Mapping[str, Any],
    name: str,
    contexts: dict[str, list[Mapping[str, Any]]],
    thread: list[Mapping[str, Any]],
    depth: int = 0,
) -> None:
    if depth > _DEEPEST:
        raise UnreadableError("its teams are nested too deeply")
    messages = mapped(state.get("llm_context")).get("messages")
    if isinstance(messages, list):
        contexts.setdefault(name, []).extend(objects(messages))
    if isinstance(state.get("message_thread"), list) and not thread:
        thread.extend(m for m in objects(state["message_thread"]) if _is_message(m))
    for key, inner in mapped(state.get("agent_states")).items():
        _collect(mapped(inner), str(key).partition("/")[0], contexts, thread, depth + 1)
    for key in ("agent_state", "inner_team_state"):
        if isinstance(state.get(key), Mapping):
            _collect(state[key], name, contexts, thread, depth + 1)
