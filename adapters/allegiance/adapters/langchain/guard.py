"""Guards LangChain and LangGraph: attached from outside by a callback handler, or built in.

Attaching changes nothing in the user's app: LangChain's own configure hook adds the handler to
every runnable, and a rejected call raises an error that a ``ToolNode`` shows to the model.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from langchain.agents.middleware import AgentMiddleware
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ToolMessage
from langchain_core.tracers.context import register_configure_hook
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest, ToolInvocationError
from langgraph.types import interrupt

from allegiance.guard.guard import Guard
from allegiance.guard.recent import describe_error, put_bounded
from allegiance.guard.watch import CURRENT, CallRejected, Ticket, Watch


class ToolCallRejected(CallRejected, ToolInvocationError):
    """The guard rejected a call to a tool; a ``ToolNode`` shows the message to the model."""

    def __init__(self, tool: str, args: dict[str, Any], message: str) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.tool_name = tool
        self.tool_kwargs = args
        self.filtered_errors = None


class GuardHandler(BaseCallbackHandler):
    """Records every model turn and decides whether each tool call in its context may run."""

    raise_error = True
    # ignored callbacks cost nothing, and a graph has many more chains than calls
    ignore_chain = ignore_retriever = ignore_retry = ignore_custom_event = True

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        # under the policy ask, decisions run in a thread, so that a person does not block the loop
        self.run_inline = watch.guard.policy != "ask"
        self._actors: dict[UUID | str, str] = {}
        self._tickets: dict[UUID, Ticket] = {}
        self._asked: dict[str, Ticket] = {}

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember the agent that a model belongs to."""
        put_bounded(self._actors, run_id, _actor(metadata))

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record what a model says, and the agent that its calls belong to."""
        actor = self._actors.pop(run_id, "agent")
        for generations in response.generations:
            for generation in generations:
                message = getattr(generation, "message", None)
                self.watch.message(actor, str(getattr(message, "text", generation.text)))
                for call in getattr(message, "tool_calls", None) or ():
                    if call["id"]:  # a call that never comes is forgotten after many others
                        put_bounded(self._actors, call["id"], actor)
                    self.watch.announce(call["id"], call["name"])

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a model turn that failed."""
        self._actors.pop(run_id, None)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Decide whether a call may run.

        Raises:
            ToolCallRejected: If the call is rejected.
        """
        tool = str((serialized or {}).get("name") or kwargs.get("name") or "tool")
        args = dict(inputs or {})
        actor = self._actors.get(tool_call_id or "") or _actor(metadata)
        try:
            ticket = self._decide(
                actor, tool, inputs if inputs is not None else input_str, tool_call_id
            )
        except Exception as error:
            if type(error).__name__ == "GraphInterrupt":
                raise
            self._actors.pop(tool_call_id or "", None)
            failure = f"the guard failed: {describe_error(error)}"
            self.watch.guard.note_failure(failure)
            raise ToolCallRejected(tool, args, f"Rejected: {failure}") from error
        self._actors.pop(tool_call_id or "", None)
        if not ticket.allowed:
            raise ToolCallRejected(tool, args, ticket.decision.message)
        put_bounded(self._tickets, run_id, ticket)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record how a call ended."""
        if ticket := self._tickets.pop(run_id, None):
            ok = getattr(output, "status", "success") != "error"
            self.watch.after(ticket, str(getattr(output, "content", output)), ok=ok)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Record that a call failed."""
        if ticket := self._tickets.pop(run_id, None):
            self.watch.after(ticket, describe_error(error), ok=False)

    def _decide(self, actor: str, tool: str, args: Any, call_id: str | None) -> Ticket:
        """Decide on a call; to ask a person, interrupt the graph if it has a checkpointer."""
        guard = self.watch.guard
        waiting = self._asked.pop(call_id, None) if call_id else None
        ticket = waiting or self.watch.intend(actor, tool, args, call_id)
        if ticket.decision.action == "ask" and guard.ask is None and _can_interrupt():
            if call_id:
                put_bounded(self._asked, call_id, ticket)
            shown = {
                "tool": tool,
                "args": ticket.event.args,
                "actor": actor,
                "reason": ticket.decision.message,
            }
            answer = interrupt(shown)  # raises until the graph is resumed
            self._asked.pop(call_id or "", None)
            return self.watch.settle(ticket, guard.apply_answer(ticket.decision, answer))
        return self.watch.resolve(ticket)


def _not_about_rejections(record: logging.LogRecord) -> bool:
    return "GuardHandler" not in record.getMessage()


_HANDLER: ContextVar[GuardHandler | None] = ContextVar("allegiance_handler", default=None)
register_configure_hook(_HANDLER, inheritable=True)
logging.getLogger("langchain_core.callbacks.manager").addFilter(_not_about_rejections)


@contextmanager
def hook(watch: Watch, app: Any) -> Iterator[None]:
    """Guard every LangChain and LangGraph run in this context; the app is not needed."""
    token = _HANDLER.set(GuardHandler(watch))
    try:
        yield
    finally:
        _HANDLER.reset(token)


class GuardMiddleware(AgentMiddleware[Any, Any]):
    """The guard as a middleware, to pass to ``create_agent``.

    All runs of the agent share one trace; attach the guard in the task of each run to get a trace
    for each run. If a guard is attached, that guard decides instead, once for each call.

    Args:
        guard: Decides on the calls.
    """

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        self.watch = Watch(guard)
        guard.watches.append(self.watch)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]
    ) -> Any:
        """Decide on a call."""
        return _decide_and_run(self.watch, request, handler)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        """Decide on a call."""
        return await _adecide_and_run(self.watch, request, handler)


def tool_node(tools: Sequence[Any], guard: Guard, **options: Any) -> ToolNode:
    """Return a LangGraph ``ToolNode`` whose calls the guard allows or rejects.

    Args:
        tools: The tools of the node.
        guard: Decides on the calls.
        options: Further arguments of ``ToolNode``.
    """
    watch = Watch(guard)
    guard.watches.append(watch)

    def wrap(request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        return _decide_and_run(watch, request, handler)

    async def awrap(
        request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        return await _adecide_and_run(watch, request, handler)

    return ToolNode(tools, wrap_tool_call=wrap, awrap_tool_call=awrap, **options)


def _decide_and_run(
    watch: Watch, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]
) -> Any:
    call = request.tool_call
    if CURRENT.get() is not None:
        return handler(request)
    ticket = watch.before("agent", call["name"], call["args"], call["id"])
    if not ticket.allowed:
        return _rejection_message(ticket, call)
    return _record_answer(watch, ticket, handler(_judged(request, ticket)))


async def _adecide_and_run(
    watch: Watch, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
) -> Any:
    call = request.tool_call
    if CURRENT.get() is not None:
        return await handler(request)
    ticket = await watch.abefore("agent", call["name"], call["args"], call["id"])
    if not ticket.allowed:
        return _rejection_message(ticket, call)
    return _record_answer(watch, ticket, await handler(_judged(request, ticket)))


def _judged(request: ToolCallRequest, ticket: Ticket) -> ToolCallRequest:
    """Return a request whose arguments are a copy of those that were judged."""
    return request.override(tool_call={**request.tool_call, "args": ticket.args})


def _rejection_message(ticket: Ticket, call: Any) -> ToolMessage:
    return ToolMessage(
        ticket.decision.message, tool_call_id=call["id"], name=call["name"], status="error"
    )


def _record_answer(watch: Watch, ticket: Ticket, answer: Any) -> Any:
    ok = getattr(answer, "status", "success") != "error"
    watch.after(ticket, str(getattr(answer, "content", answer)), ok=ok)
    return answer


def _actor(metadata: dict[str, Any] | None) -> str:
    labels = metadata or {}
    return str(labels.get("lc_agent_name") or labels.get("langgraph_node") or "agent")


def _can_interrupt() -> bool:
    """Tell whether the current graph has a checkpointer, and so can be interrupted and resumed."""
    from langgraph.config import get_config

    try:
        return get_config()["configurable"].get("__pregel_checkpointer") is not None
    except (RuntimeError, KeyError):
        return False
