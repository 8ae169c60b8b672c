"""Events and trajectories of OpenHands, of the earlier versions and of its Software Agent SDK.

A file holds the events in a list, one a line, or in the ``history`` of a result, also as pairs of
an action and its observation. A call has the name and the arguments that the model gave, and those
of the action where the model's are not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, records
from allegiance.scan.documents import documents
from allegiance.scan.messages import arguments, identity, succeeded, text_of, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, listed, mapped, objects

WANTED = "an event of OpenHands, or a result with a history of them"
_LISTS = ("history", "trajectory", "events", "results")
_SILENT = (
    *("message", "system", "recall", "change_agent_state", "null", "condensation"),
    *("condensation_request", "pause", "resume", "loop_recovery"),
)
_NOT_ARGUMENTS = (
    *("thought", "confirmation_state", "security_risk", "hidden", "blocking", "is_static"),
    *("is_input", "keep_prompt", "include_extra", "return_axtree", "impl_source", "kind"),
    *("tool_call_metadata", "timeout"),
)
_BARE: tuple[Any, ...] = (None, "", [], {}, -1, False)


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds events of OpenHands."""
    known = opening.has(_is_event) or opening.has(lambda i: _events(i) is not None)
    pairs = any(_is_pair(document) or _is_pair([document]) for document in opening.documents)
    return Certainty.CERTAIN if known or pairs else Certainty.NONE


def _is_event(item: Mapping[str, Any]) -> bool:
    if str(item.get("kind")).endswith(("ActionEvent", "ObservationEvent", "MessageEvent")):
        return "source" in item
    is_action = isinstance(item.get("action"), str) and isinstance(item.get("args"), Mapping)
    is_result = isinstance(item.get("observation"), str) and "content" in item
    return (is_action or is_result) and ("source" in item or "cause" in item or "extras" in item)


def _is_pair(value: Any) -> bool:
    first = listed(value)[:1]
    pair = listed(first[0]) if first else ()
    return len(pair) == 2 and all(_is_event(mapped(event)) for event in pair)


def _events(data: Mapping[str, Any]) -> list[Any] | None:
    for name in _LISTS:
        value = data.get(name)
        if isinstance(value, list) and (
            any(_is_event(event) for event in objects(value[:5])) or _is_pair(value)
        ):
            return value
    return None


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each list of events; events one a line are one.

    Raises:
        UserError: If nothing in it is JSON.
    """
    log, is_used = _Log(), False
    if any(_is_pair(document.data) for document in documents(path)):
        for document in documents(path):
            yield _conversation(f"line {document.line}", listed(document.data))
        return
    for record in records(path, lambda i: _is_known(i) or _events(i) is not None, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        events = _events(data)
        if events is not None:
            yield _conversation(identity(first_of(data, "instance_id", "id")) or name, events)
            continue
        is_used = True
        try:
            log.add(data)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deeply")
    if is_used:
        yield log.steps.conversation("events")


def _is_known(item: Mapping[str, Any]) -> bool:
    return _is_event(item) or "source" in item or "action" in item or "observation" in item


def _conversation(name: str, events: Any) -> Found:
    log = _Log()
    try:
        for item in events:
            for event in item if isinstance(item, list) else (item,):
                if not isinstance(event, Mapping):
                    raise UnreadableError(f"{short(event)} is not {WANTED}")
                log.add(event)
    except (UnreadableError, RecursionError) as error:
        return Unread(name, str(error) or "nested too deeply")
    return log.steps.conversation(name)


class _Log:
    """The steps of events; an observation names the event that caused it."""

    def __init__(self) -> None:
        self.steps = StepLog()
        self._by_event: dict[str, int] = {}
        self._last: int | None = None
        self._actors = [AGENT]

    def add(self, event: Mapping[str, Any]) -> None:
        """Add an event.

        Raises:
            UnreadableError: If it is a call without a name.
        """
        kind = str(event.get("kind"))
        if kind.endswith("ActionEvent"):
            self._sdk_action(event)
        elif kind.endswith("MessageEvent"):
            if event.get("source") == "agent":
                message = mapped(first_of(event, "llm_message", "message"))
                self.steps.text(self._actor, text_of(message.get("content")))
        elif "action_id" in event or kind.endswith(("ObservationEvent", "AgentErrorEvent")):
            self._sdk_result(event)
        elif isinstance(event.get("action"), str):
            self._action(event)
        elif isinstance(event.get("observation"), str):
            self._result(event)

    @property
    def _actor(self) -> str:
        return self._actors[-1]

    def _action(self, event: Mapping[str, Any]) -> None:
        action, args = str(event["action"]), mapped(event.get("args"))
        if event.get("source") not in ("agent", None):
            return
        said = first_of(args, "content", "thought") if action == "message" else args.get("thought")
        self.steps.text(self._actor, said if isinstance(said, str) else "")
        metadata = mapped(event.get("tool_call_metadata"))
        if action in _SILENT and not metadata:
            return
        tool, given, id = _asked(metadata)
        if action == "call_tool_mcp" and tool is None:
            tool, given = identity(args.get("name")), args.get("arguments")
        if given is None:
            kept = {n: v for n, v in args.items() if n not in _NOT_ARGUMENTS}
            given = {n: v for n, v in kept.items() if v not in _BARE} if metadata else kept
        key = self.steps.called(self._actor, tool or action, arguments(given), id)
        self._last = key
        if event.get("id") is not None:
            self._by_event[str(event["id"])] = key
        if action == "delegate" and isinstance(args.get("agent"), str):
            self._actors.append(args["agent"])

    def _result(self, event: Mapping[str, Any]) -> None:
        if event["observation"] == "delegate" and len(self._actors) > 1:
            self._actors.pop()
        cause = event.get("cause")
        key = self._by_event.get(str(cause)) if cause is not None else self._last
        if key is None or event["observation"] in ("agent_state_changed", "recall", "null"):
            return
        extras = mapped(event.get("extras"))
        metadata = mapped(extras.get("metadata"))
        code = first_of(metadata, "exit_code")
        code = first_of(extras, "exit_code") if code is None else code
        failed = event["observation"] == "error" or code not in (0, None, -1)
        text = value_of(event.get("content"))
        self.steps.finished(key, text, not failed and succeeded(text))

    def _sdk_action(self, event: Mapping[str, Any]) -> None:
        self.steps.text(self._actor, text_of(event.get("thought")))
        call, action = mapped(event.get("tool_call")), mapped(event.get("action"))
        inner = mapped(call.get("function"))
        tool = first_of(event, "tool_name") or call.get("name") or inner.get("name")
        if not isinstance(tool, str) or not tool:
            raise UnreadableError(f"an action has no tool_name: {short(dict(event))}")
        given = first_of(call, "arguments") or first_of(inner, "arguments")
        if given is None:
            given = {n: v for n, v in action.items() if n not in _NOT_ARGUMENTS}
        id = identity(first_of(event, "tool_call_id") or call.get("id"))
        key = self.steps.called(self._actor, tool, arguments(given), id)
        if event.get("id") is not None:
            self._by_event[str(event["id"])] = key

    def _sdk_result(self, event: Mapping[str, Any]) -> None:
        observation = mapped(event.get("observation"))
        error = first_of(event, "error", "rejection_reason")
        content = first_of(observation, "content", "output", "text")
        text = str(error) if error is not None else value_of(content)
        code = first_of(observation, "exit_code")
        ok = error is None and not observation.get("is_error") and code in (0, None, -1)
        key = self._by_event.get(str(event.get("action_id")))
        if key is not None:
            self.steps.finished(key, text, ok)
        else:
            id, tool = identity(event.get("tool_call_id")), identity(event.get("tool_name"))
            if id is not None or tool is not None:
                self.steps.answered(id, tool, text, ok)


def _asked(metadata: Mapping[str, Any]) -> tuple[str | None, Any, str | None]:
    """Return the name, the arguments and the id of the call that the model asked for."""
    tool, id = identity(metadata.get("function_name")), identity(metadata.get("tool_call_id"))
    for choice in objects(mapped(metadata.get("model_response")).get("choices")):
        for call in objects(mapped(choice.get("message")).get("tool_calls")):
            if identity(call.get("id")) == id:
                return tool, mapped(call.get("function")).get("arguments"), id
    return tool, None, id
