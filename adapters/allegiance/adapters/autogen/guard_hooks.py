"""The hooks in AutoGen's agents, which decide on calls and record messages.

They wrap a few methods, once for the process; without a watch in the context they do nothing.
"""

from __future__ import annotations

import copy
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from autogen_agentchat.agents import AssistantAgent, CodeExecutorAgent, SocietyOfMindAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import ThoughtEvent, ToolCallExecutionEvent, ToolCallRequestEvent
from autogen_agentchat.teams import BaseGroupChat
from autogen_core.code_executor import CodeResult
from autogen_core.models import CreateResult, FunctionExecutionResult
from autogen_core.tools import FunctionTool

from allegiance.guard.arguments import parse_args
from allegiance.guard.recent import describe_error
from allegiance.guard.scope import ACTOR, CURRENT
from allegiance.guard.watch import Ticket, Watch

T = TypeVar("T")
Function = Callable[..., Any]

DECIDED: ContextVar[tuple[str | None, str] | None] = ContextVar("allegiance_call", default=None)
"""Id and name of the call that an assistant is running, after the decision on it."""


async def decide(
    watch: Watch, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None
) -> Ticket | str:
    """Decide on a call; return a ticket, or the message of the rejection."""
    try:
        ticket = await watch.abefore(actor, tool, _parsed(args), call_id)
    except Exception as error:  # noqa: BLE001 - fail closed; an agent would hang on an exception
        return f"Rejected: {_note(watch, error)}"
    return ticket if ticket.allowed else ticket.message


def _parsed(args: Mapping[str, Any] | str) -> Mapping[str, Any] | str:
    """Return a call's arguments, or the string itself if it is not a JSON object."""
    if not isinstance(args, str):
        return args
    try:
        return parse_args(args)
    except ValueError:
        return args


async def record_outcome(
    watch: Watch, ticket: Ticket, running: Awaitable[T], outcome: Callable[[T], tuple[str, bool]]
) -> T:
    """Wait for a call, record its outcome, and return its result."""
    try:
        result = await running
    except BaseException as error:
        record_failure(watch, ticket, error)
        raise
    with noting_errors(watch):
        text, ok = outcome(result)
        watch.after(ticket, text, ok=ok)
    return result


def record_failure(watch: Watch, ticket: Ticket, error: BaseException) -> None:
    """Record that a call raised an exception."""
    with noting_errors(watch):
        watch.after(ticket, describe_error(error), ok=False)


class noting_errors:
    """Add errors raised inside to the guard's failures, when the call cannot be rejected."""

    __slots__ = ("_watch",)

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        if not isinstance(error, Exception):
            return False
        _note(self._watch, error)
        return True  # an error of the guard must not stop the app


def _note(watch: Watch, error: Exception) -> str:
    failure = f"the guard failed: {describe_error(error)}"
    watch.guard.note_failure(failure)
    return failure


class _Rejection(FunctionExecutionResult):
    """The result of a call that was not run."""


def _executing(inner: Function) -> Function:
    """Decide on every tool call and handoff of an assistant."""
    pick = picker(inner, "tool_call", "agent_name")

    @functools.wraps(inner)
    async def execute(*args: Any, **kwargs: Any) -> Any:
        watch = CURRENT.get()
        if watch is None:
            return await inner(*args, **kwargs)
        call, agent = pick(args, kwargs)
        ticket = await decide(watch, agent, call.name, call.arguments, call.id)
        if isinstance(ticket, str):
            return call, _Rejection(content=ticket, name=call.name, call_id=call.id, is_error=True)
        token, actor = DECIDED.set((call.id, call.name)), ACTOR.set(agent)
        try:
            running = inner(*args, **kwargs)
            return await record_outcome(
                watch, ticket, running, lambda done: (done[1].content, not done[1].is_error)
            )
        finally:
            DECIDED.reset(token)
            ACTOR.reset(actor)

    return execute


def _handing_over(inner: Function) -> Function:
    """Drop rejected handoffs: AutoGen hands over even if the result is an error."""
    pick = picker(inner, "model_result", "executed_calls_and_results")
    bind = inspect.signature(inner).bind

    @functools.wraps(inner)
    def check(*args: Any, **kwargs: Any) -> Any:
        turn, executed = pick(args, kwargs)
        rejected = [call for call, result in executed if isinstance(result, _Rejection)]
        if not rejected:
            return inner(*args, **kwargs)
        remaining = [call for call in turn.content if call not in rejected]
        bound = bind(*args, **kwargs)
        bound.arguments["model_result"] = turn.model_copy(update={"content": remaining})
        return inner(*bound.args, **bound.kwargs)

    return check


def _running_code(inner: Function) -> Function:
    """Decide whether an executor may run code, as for a call to a tool ``execute_code``."""

    @functools.wraps(inner)
    async def execute(self: CodeExecutorAgent, code_blocks: Any, *args: Any, **kwargs: Any) -> Any:
        watch = CURRENT.get()
        if watch is not None:  # what is judged is what runs, whoever changes the blocks
            code_blocks = [copy.copy(block) for block in code_blocks]
        run = functools.partial(inner, self, code_blocks, *args, **kwargs)
        if watch is None:
            return await run()
        code = "\n\n".join(f"```{block.language}\n{block.code}\n```" for block in code_blocks)
        ticket = await decide(watch, self.name, "execute_code", {"code": code}, None)
        if isinstance(ticket, str):
            return CodeResult(exit_code=1, output=ticket)
        return await record_outcome(
            watch, ticket, run(), lambda done: (done.output, done.exit_code == 0)
        )

    return execute


def _in_a_thread(inner: Function) -> Function:
    """Copy the context into the thread of a synchronous tool, which may run agents."""

    @functools.wraps(inner)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if CURRENT.get() is not None and not inspect.iscoroutinefunction(self._func):
            self = copy.copy(self)  # the tool may be running elsewhere
            self._func = functools.partial(copy_context().run, self._func)
        return await inner(self, *args, **kwargs)

    return run


def _hearing(*kinds: type) -> Callable[[Function], Function]:
    """Return a wrap of asynchronous generators that records some types of their items."""

    def wrap(inner: Function) -> Function:
        pick = picker(inner, "agent_name") if CreateResult in kinds else None

        @functools.wraps(inner)
        async def stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            watch = CURRENT.get()
            async with aclosing(inner(*args, **kwargs)) as items:
                async for item in items:
                    if watch is not None and isinstance(item, kinds):
                        with noting_errors(watch):
                            _heard(watch, item, pick(args, kwargs)[0] if pick else "agent")
                    yield item

        return stream

    return wrap


def _heard(watch: Watch, item: Any, agent: str) -> None:
    """Record what a model or an agent says, and announce the calls it requests."""
    if isinstance(item, ToolCallExecutionEvent):
        for result in item.content:
            if not result.is_error:
                watch.note_run(result.call_id)
        return
    if isinstance(item, CreateResult):
        watch.message(agent, item.thought or "")
    if not isinstance(item, (CreateResult, ToolCallRequestEvent)):
        message = item.chat_message if isinstance(item, Response) else item
        watch.message(message.source, message.to_text())
    elif isinstance(item.content, str):
        watch.message(agent, item.content)
    else:
        for call in item.content:
            watch.announce(call.id, call.name, again=True)


_WRAPS: tuple[tuple[type, str, Callable[[Function], Function]], ...] = (
    (AssistantAgent, "_call_llm", _hearing(CreateResult)),
    (AssistantAgent, "_reflect_on_tool_use_flow", _hearing(ThoughtEvent, Response)),
    (AssistantAgent, "_execute_tool_call", _executing),
    (AssistantAgent, "_check_and_handle_handoff", _handing_over),
    (SocietyOfMindAgent, "on_messages_stream", _hearing(Response)),
    (CodeExecutorAgent, "_call_llm", _hearing(CreateResult)),
    (CodeExecutorAgent, "_reflect_on_code_block_results_flow", _hearing(ThoughtEvent, Response)),
    (CodeExecutorAgent, "execute_code_block", _running_code),
    (FunctionTool, "run", _in_a_thread),
    # too late for a decision, but it shows calls on which no decision was made
    (BaseGroupChat, "run_stream", _hearing(ToolCallRequestEvent, ToolCallExecutionEvent)),
)
_lock = threading.Lock()
_installed = False


def install() -> None:
    """Wrap the framework's methods, all or none, once for the process.

    Raises:
        TypeError: If this version of AutoGen lacks a method or argument that is needed.
    """
    global _installed
    with _lock:
        if _installed:
            return
        wrapped = []
        for owner, name, wrap in _WRAPS:
            raw: Any = vars(owner).get(name)
            kind = type(raw) if isinstance(raw, (staticmethod, classmethod)) else None
            inner = wrap(getattr(raw, "__func__", raw))
            wrapped.append((owner, name, kind(inner) if kind else inner))
        for owner, name, method in wrapped:
            setattr(owner, name, method)
        _installed = True


def picker(function: Function, *names: str) -> Callable[[Sequence[Any], Mapping[str, Any]], Any]:
    """Return a function that picks some arguments of a call, much faster than ``Signature.bind``.

    Raises:
        TypeError: If the function has no such arguments.
    """
    parameters = list(inspect.signature(function).parameters)
    if missing := set(names) - set(parameters):
        raise TypeError(f"this version of AutoGen cannot be guarded: {function} has no {missing}")
    indexes = [(parameters.index(name), name) for name in names]

    def pick(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        return [args[i] if i < len(args) else kwargs.get(name) for i, name in indexes]

    return pick


def replacer(
    function: Function, name: str
) -> Callable[[Sequence[Any], Mapping[str, Any], Any], tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return a function that replaces an argument of a method; it returns them without ``self``.

    Raises:
        TypeError: If the method has no such argument.
    """
    picker(function, name)
    index = list(inspect.signature(function).parameters).index(name)

    def replace(
        args: Sequence[Any], kwargs: Mapping[str, Any], value: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if index < len(args):
            return (*args[1:index], value, *args[index + 1 :]), dict(kwargs)
        return tuple(args[1:]), {**kwargs, name: value}

    return replace
