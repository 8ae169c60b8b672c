"""Guards LangChain and LangGraph: attached from outside by a callback handler, or built in.

The build-time forms decide on the calls of their own node, and guard what its tools start by the
same handler that an attached guard uses: sub-agents, and tools inside tools.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import ToolMessage
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest

from allegiance.adapters.langchain.guard_asking import current_task, decide
from allegiance.adapters.langchain.guard_handler import (
    _HANDLER as _HANDLER,
)
from allegiance.adapters.langchain.guard_handler import (
    DECIDED,
    GuardHandler,
    ToolCallRejected,
    hook,
    name_always,
)
from allegiance.adapters.langchain.guard_names import NAMES
from allegiance.guard.guard import Guard
from allegiance.guard.recent import describe_error, put_bounded
from allegiance.guard.scope import CURRENT, scoped
from allegiance.guard.ticket import Ticket
from allegiance.guard.watch import Watch

__all__ = ["GuardHandler", "GuardMiddleware", "ToolCallRejected", "hook", "tool_node"]

Handler = Callable[[Any], Any]
AsyncHandler = Callable[[Any], Awaitable[Any]]


class GuardMiddleware(AgentMiddleware[Any, Any]):
    """The guard as a middleware, to pass to ``create_agent``.

    Each conversation has a trace of its own: a thread of a checkpointer, or a list of messages.
    Agents that the tools start, such as deepagents' sub-agents, are guarded too. If the same guard
    is attached, it decides there, once for each call; another guard that is attached decides too.

    Args:
        guard: Decides on the calls.
    """

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        self._built_in = _BuiltIn(guard)

    def wrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> Any:
        """Decide on a call."""
        return self._built_in.call_tool(request, handler)

    async def awrap_tool_call(self, request: ToolCallRequest, handler: AsyncHandler) -> Any:
        """Decide on a call."""
        return await self._built_in.acall_tool(request, handler)

    def wrap_model_call(self, request: Any, handler: Handler) -> Any:
        """Record what the model says."""
        with self._built_in.inside(_state(request)):
            return handler(request)

    async def awrap_model_call(self, request: Any, handler: AsyncHandler) -> Any:
        """Record what the model says."""
        with self._built_in.inside(_state(request)):
            return await handler(request)


def tool_node(tools: Sequence[Any], guard: Guard, **options: Any) -> ToolNode:
    """Return a LangGraph ``ToolNode`` whose calls the guard allows or rejects.

    Args:
        tools: The tools of the node.
        guard: Decides on the calls.
        options: Further arguments of ``ToolNode``.
    """
    built_in = _BuiltIn(guard)
    return ToolNode(
        tools, wrap_tool_call=built_in.call_tool, awrap_tool_call=built_in.acall_tool, **options
    )


class _BuiltIn:
    """A guard that is built into an agent or a node.

    Args:
        guard: Decides.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._watches: dict[str, Watch] = {}
        name_always()

    @contextmanager
    def inside(self, state: Any) -> Any:
        """Guard what runs inside, unless the guard is attached there."""
        watch = self._watch(state)
        if watch is None:
            yield None
            return
        with scoped(watch.within(CURRENT.get())):
            yield watch

    def call_tool(self, request: ToolCallRequest, handler: Handler) -> Any:
        """Decide on a call, and run it."""
        watch = self._watch(_state(request))
        if watch is None:
            return handler(request)
        ticket = self._decide(watch, request)
        if ticket is None or not ticket.allowed:
            return _rejection(ticket, request.tool_call)
        with _running(watch, request.tool_call):
            try:
                answer = handler(_judged(request, ticket))
            except BaseException as error:
                _record_failure(watch, ticket, error)
                raise
        return _record_answer(watch, ticket, answer)

    async def acall_tool(self, request: ToolCallRequest, handler: AsyncHandler) -> Any:
        """Decide on a call, and run it."""
        watch = self._watch(_state(request))
        if watch is None:
            return await handler(request)
        if current_task() is not None and self.guard.may_ask:
            # in a thread: a checkpointer may not be read in the loop that it works in
            ticket = await asyncio.to_thread(self._decide, watch, request)
        elif self.guard.may_ask:
            call = request.tool_call
            ticket = await watch.abefore(_actor(request), call["name"], call["args"], call["id"])
        else:
            ticket = self._decide(watch, request)
        if ticket is None or not ticket.allowed:
            return _rejection(ticket, request.tool_call)
        with _running(watch, request.tool_call):
            try:
                answer = await handler(_judged(request, ticket))
            except BaseException as error:
                _record_failure(watch, ticket, error)
                raise
        return _record_answer(watch, ticket, answer)

    def _decide(self, watch: Watch, request: ToolCallRequest) -> Ticket | None:
        call = request.tool_call
        try:
            return decide(watch, _actor(request), call["name"], call["args"], call["id"])
        except Exception as error:
            if type(error).__name__ == "GraphInterrupt":
                raise
            self.guard.note_failure(f"the guard failed: {describe_error(error)}")
            return None

    def _watch(self, state: Any) -> Watch | None:
        """Return the watch of a conversation; None if the guard is attached, and so decides."""
        outer = CURRENT.get()
        while outer is not None:
            if outer.guard is self.guard:
                return None
            outer = outer.outer
        name = _conversation(state)
        watch = self._watches.get(name)
        if watch is None:
            watch = Watch(self.guard)
            put_bounded(self._watches, name, watch)
            self.guard.watches.append(watch)
        return watch


@contextmanager
def _running(watch: Watch, call: Any) -> Any:
    """Guard what a tool starts; the call itself is decided on."""
    inner = watch.within(CURRENT.get())
    token = DECIDED.set((inner, call["id"], call["name"]))
    try:
        with scoped(inner):
            yield
    finally:
        DECIDED.reset(token)


def _conversation(state: Any) -> str:
    """Return what names a conversation: its thread, or the id of its first message."""
    task = current_task()
    if task is not None:
        return task.place.conversation
    messages = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", ())
    first = messages[0] if isinstance(messages, (list, tuple)) and messages else None
    return str(getattr(first, "id", None) or "")


def _state(request: Any) -> Any:
    return getattr(request, "state", None)


def _actor(request: ToolCallRequest) -> str:
    config = getattr(getattr(request, "runtime", None), "config", None) or {}
    parent = getattr(config.get("callbacks"), "parent_run_id", None)
    call_id = request.tool_call["id"]
    return NAMES.requester(call_id, parent, config.get("metadata"))


def _judged(request: ToolCallRequest, ticket: Ticket) -> ToolCallRequest:
    """Return a request whose arguments are a copy of those that were judged."""
    return request.override(tool_call={**request.tool_call, "args": ticket.args})


def _rejection(ticket: Ticket | None, call: Any) -> ToolMessage:
    text = "Rejected: the guard failed" if ticket is None else ticket.message
    return ToolMessage(text, tool_call_id=call["id"], name=call["name"], status="error")


def _record_failure(watch: Watch, ticket: Ticket, error: BaseException) -> None:
    watch.after(ticket, describe_error(error), ok=False)


def _record_answer(watch: Watch, ticket: Ticket, answer: Any) -> Any:
    ok = getattr(answer, "status", "success") != "error"
    watch.after(ticket, str(getattr(answer, "content", answer)), ok=ok)
    return answer
