"""The callback handler that guards LangChain and LangGraph from outside.

Attaching changes nothing in the user's app: LangChain's own configure hook adds the handler to
every runnable, and a rejected call raises an error that a ``ToolNode`` shows to the model.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException
from langchain_core.tracers.context import register_configure_hook

from allegiance.adapters.langchain.guard_asking import decide
from allegiance.adapters.langchain.guard_names import NAMES, NameHandler
from allegiance.adapters.langchain.guard_remote import notice_remote_graphs
from allegiance.guard.attachment import open_watches
from allegiance.guard.recent import describe_error, put_bounded
from allegiance.guard.scope import CURRENT
from allegiance.guard.ticket import CallRejected, Ticket
from allegiance.guard.watch import Watch

try:
    from langgraph.prebuilt.tool_node import ToolInvocationError as _Shown
except ImportError:  # LangChain's core alone has no node that shows errors to a model
    _Shown = ToolException  # type: ignore[misc, assignment]


class ToolCallRejected(CallRejected, _Shown):
    """The guard rejected a call to a tool; a ``ToolNode`` shows the message to the model."""

    def __init__(self, message: str = "", tool: str = "", args: Any = None) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.tool = self.tool_name = tool
        self.tool_args = self.tool_kwargs = args
        self.filtered_errors = None


DECIDED: ContextVar[tuple[Watch, str, str] | None] = ContextVar("allegiance_decided", default=None)
"""The call that a build-time form decided on for its own watch: watch, id and tool."""


class GuardHandler(BaseCallbackHandler):
    """Records every model turn and decides whether each tool call in its context may run."""

    raise_error = True
    # ignored callbacks cost nothing, and a graph has many more chains than calls
    ignore_chain = ignore_retriever = ignore_retry = ignore_custom_event = True

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        # under the policy ask, decisions run in a thread, so that a person does not block the loop
        self.run_inline = not any(w.guard.may_ask for w in _chain(watch))
        self._tickets: dict[UUID, Ticket] = {}
        self._seen: dict[UUID, None] = {}
        watch.hooks.setdefault("langchain", self)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Look for results of calls that never came past: they ran without the guard."""
        if not self.watch.pending:
            return
        actor = NAMES.actor(parent_run_id, metadata)
        for message in (message for batch in messages for message in _trailing(batch)):
            # an error stands for a call that the framework or a person refused
            if isinstance(message, ToolMessage) and message.status != "error":
                self.watch.note_run(message.tool_call_id, actor=actor)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record what a model says, and the calls it requests."""
        if run_id in self._seen:
            return
        NAMES.on_llm_end(response, run_id=run_id)  # handlers come in any order
        actor = NAMES.model_actor(run_id)
        for watch in _chain(self.watch):
            put_bounded(_handler(watch)._seen, run_id, None)
        self.watch.begin_turn()
        for generations in response.generations:
            for generation in generations:
                message = getattr(generation, "message", None)
                self.watch.message(actor, str(getattr(message, "text", generation.text)))
                for call in getattr(message, "tool_calls", None) or ():
                    self.watch.announce(call["id"], call["name"], call["args"], actor)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Decide whether a call may run.

        Raises:
            ToolCallRejected: If the call is rejected.
        """
        inner = CURRENT.get()
        # a run inherits the handlers of attachments around it: the innermost decides for all
        lead = _handler(inner) if inner and self.watch in _chain(inner) else self
        tool = str((serialized or {}).get("name") or kwargs.get("name") or "tool")
        args = inputs if inputs is not None else input_str
        lead.start(tool, args, run_id, parent_run_id, metadata, tool_call_id)

    def start(
        self,
        tool: str,
        args: Any,
        run_id: UUID,
        parent_run_id: UUID | None,
        metadata: dict[str, Any] | None,
        call_id: str | None,
    ) -> None:
        """Decide on a call for this watch and those around it, each once.

        Raises:
            ToolCallRejected: If the call is rejected.
        """
        handlers = [_handler(watch) for watch in _chain(self.watch)]
        skip = {handler.watch for handler in handlers if run_id in handler._seen}
        decided = DECIDED.get()
        if decided is not None and decided[1:] == (call_id, tool):
            skip.add(decided[0])
        if len(skip) == len(handlers):
            return
        for handler in handlers:
            put_bounded(handler._seen, run_id, None)
        shown = dict(args) if isinstance(args, dict) else {}
        try:
            actor = NAMES.requester(call_id, parent_run_id, metadata)
            NAMES.begin_tool(run_id, parent_run_id, tool, actor)
            ticket = decide(self.watch, actor, tool, args, call_id, skip)
        except Exception as error:
            if type(error).__name__ == "GraphInterrupt":
                for handler in handlers:
                    handler._seen.pop(run_id, None)
                raise
            failure = f"the guard failed: {describe_error(error)}"
            self.watch.guard.note_failure(failure)
            raise ToolCallRejected(f"Rejected: {failure}", tool, shown) from error
        NAMES.forget_request(call_id, metadata)
        if ticket is None:
            return
        if ticket.allowed and ticket.args != args and ticket.decision.answer is not None:
            ticket = _only_with(ticket)
        if not ticket.allowed:
            raise ToolCallRejected(ticket.message, tool, shown)
        put_bounded(self._tickets, run_id, ticket)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record how a call ended."""
        NAMES.end_tool(run_id)
        if ticket := self._tickets.pop(run_id, None):
            ok = getattr(output, "status", "success") != "error"
            self.watch.after(ticket, str(getattr(output, "content", output)), ok=ok)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Record that a call failed, or that it waits for a person."""
        NAMES.end_tool(run_id)
        if ticket := self._tickets.pop(run_id, None):
            self.watch.after(ticket, describe_error(error), ok=False)


def _trailing(messages: list[Any]) -> Iterator[Any]:
    """Yield the results after the last turn of a model: older ones are about older calls."""
    for message in reversed(messages):
        if getattr(message, "tool_calls", None):
            return
        yield message


def _only_with(ticket: Ticket) -> Ticket:
    """Reject a call whose arguments a person changed: a callback cannot replace them.

    The model is told to call the tool again with those arguments, which are judged then.
    """
    from dataclasses import replace

    message = f"A person approved this call only with other arguments: {ticket.args!r}"
    assert ticket.watch is not None
    ticket.watch.boundary.record_result(ticket.event, message, ok=False)
    decision = ticket.decision.model_copy(update={"action": "reject", "message": message})
    return replace(ticket, decision=decision)


def _chain(watch: Watch) -> Iterator[Watch]:
    inner: Watch | None = watch
    while inner is not None:
        yield inner
        inner = inner.outer


def _handler(watch: Watch) -> GuardHandler:
    """Return the handler of a watch; there is one, so that LangChain can tell it is the same."""
    handler = watch.hooks.get("langchain")
    if handler is None:
        GuardHandler(watch)
        handler = watch.hooks["langchain"]
    return handler  # type: ignore[no-any-return]


class _Handler:
    """The handler of the code that asks, for LangChain's configure hook."""

    def get(self) -> GuardHandler | None:
        """Return the handler of the current watch, or None."""
        watch = CURRENT.get()
        if watch is not None:
            return _handler(watch)
        if watches := open_watches():
            _note_bare_run(watches)
        return None


class _Names:
    """The handler that names agents, where a watch is or a build-time form exists."""

    def __init__(self) -> None:
        self.always = False

    def get(self) -> NameHandler | None:
        """Return the handler, or None."""
        return NAMES if self.always or CURRENT.get() is not None else None


def _note_bare_run(watches: list[Watch]) -> None:
    """Note a tool that runs in a context without a guard, if it is a call that one waits for."""
    frame = sys._getframe(2)
    for _ in range(3):
        if frame is None or isinstance(frame.f_locals.get("tool_input"), (str, dict)):
            break
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None or not isinstance(tool := frame.f_locals.get("self"), BaseTool):
        return
    args, call_id = frame.f_locals.get("tool_input"), frame.f_locals.get("tool_call_id")
    for watch in watches:
        watch.note_run(call_id, tool.name, args)


_HANDLER = _Handler()
_NAMES = _Names()
register_configure_hook(_NAMES, inheritable=True)  # type: ignore[arg-type]
register_configure_hook(_HANDLER, inheritable=True)  # type: ignore[arg-type]


def _not_about_rejections(record: logging.LogRecord) -> bool:
    return "GuardHandler" not in record.getMessage()


logging.getLogger("langchain_core.callbacks.manager").addFilter(_not_about_rejections)


@contextmanager
def hook(watch: Watch, app: Any) -> Iterator[None]:
    """Guard every LangChain and LangGraph run in the scope of a watch; the app is not needed."""
    notice_remote_graphs()
    yield


def name_always() -> None:
    """Name agents in the whole process: a build-time form sees only its own node."""
    _NAMES.always = True
