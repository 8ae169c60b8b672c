"""The hooks in AutoGen's tools and models, for agents that are not assistants.

Agents on the core API run their tools by ``run_json`` and those of an MCP server by its workbench.
The surfers do what their model requests without any tool. Like the hooks in the assistants, these
are wraps of methods that do nothing unless a watch is in the context.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from autogen_core import BaseAgent, FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResultMessage,
)
from autogen_core.tools import BaseStreamTool, BaseTool

from allegiance.adapters.autogen.guard_hooks import (
    Function,
    decide,
    noting_errors,
    record_failure,
)
from allegiance.adapters.autogen.guard_running import calling_hook, running_hook, running_stream
from allegiance.guard.recent import put_bounded
from allegiance.guard.scope import ACTOR, CURRENT
from allegiance.guard.watch import Ticket, Watch


@dataclass
class _Turn:
    """A turn of an agent that does what its model requests without calling a tool."""

    actor: str
    tickets: list[Ticket] = field(default_factory=list)

    async def decide(self, watch: Watch, result: CreateResult) -> CreateResult:
        """Return a model's answer without the rejected calls."""
        watch.message(self.actor, result.thought or "")
        if isinstance(result.content, str):
            watch.message(self.actor, result.content)
            return result
        allowed: list[FunctionCall] = []
        refusals: list[str] = []
        for call in result.content:
            ticket = await decide(watch, self.actor, call.name, call.arguments, call.id)
            if isinstance(ticket, str):
                refusals.append(ticket)
            else:
                allowed.append(call)
                self.tickets.append(ticket)
        content = allowed or "\n".join(refusals)
        return result.model_copy(update={"content": content}) if refusals else result


_TURN: ContextVar[_Turn | None] = ContextVar("allegiance_turn", default=None)


def _acting(inner: Function) -> Function:
    """Decide on the calls that an agent's model requests, since the agent runs no tool for them."""

    @functools.wraps(inner)
    async def reply(self: Any, *args: Any, **kwargs: Any) -> Any:
        watch, turn = CURRENT.get(), _Turn(self.name)
        if watch is None:
            return await inner(self, *args, **kwargs)
        token = _TURN.set(turn)
        try:
            answer = await inner(self, *args, **kwargs)
        except BaseException as error:
            for ticket in turn.tickets:
                record_failure(watch, ticket, error)
            raise
        finally:
            _TURN.reset(token)
        for ticket in turn.tickets:
            with noting_errors(watch):
                watch.after(ticket, str(answer[1] if isinstance(answer, tuple) else answer))
        return answer

    return reply


def _answering(inner: Function) -> Function:
    """Announce the calls that a model requests, so that a missing decision is noticed."""

    @functools.wraps(inner)
    async def create(*args: Any, **kwargs: Any) -> Any:
        watch, turn = CURRENT.get(), _TURN.get()
        if watch is None:
            return await inner(*args, **kwargs)
        _note_results(watch, args, kwargs)
        token = _TURN.set(None)  # a client may call another client
        try:
            result = await inner(*args, **kwargs)
        finally:
            _TURN.reset(token)
        _announced(watch, result)
        if turn is not None and isinstance(result, CreateResult):
            return await turn.decide(watch, result)
        return result

    return create


def _streaming(inner: Function) -> Function:
    """Announce the calls that a model requests at the end of a stream."""

    @functools.wraps(inner)
    async def create_stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        watch = CURRENT.get()
        if watch is not None:
            _note_results(watch, args, kwargs)
        async with aclosing(inner(*args, **kwargs)) as items:
            async for item in items:
                if watch is not None:
                    _announced(watch, item)
                yield item

    return create_stream


def _announced(watch: Watch, result: Any) -> None:
    if isinstance(result, CreateResult):
        shown = watch.hooks.setdefault("autogen", {})
        if shown.get(id(result)) is result:
            return  # a client that streams what it creates
        put_bounded(shown, id(result), result, 64)
        with noting_errors(watch):
            watch.begin_turn()
            for call in () if isinstance(result.content, str) else result.content:
                watch.announce(call.id, call.name)


def _note_results(watch: Watch, args: Any, kwargs: Any) -> None:
    """Look for results of calls that never came past: they ran without the guard."""
    if not watch.pending:
        return
    with noting_errors(watch):
        messages = kwargs["messages"] if "messages" in kwargs else args[1]
        for message in messages:
            if isinstance(message, FunctionExecutionResultMessage):
                for result in message.content:
                    if not result.is_error:  # such as a tool that does not exist
                        watch.note_run(result.call_id)


def _handling(inner: Function) -> Function:
    """Note the agent that acts: the receiver of a message, or the sender of a tool call."""

    @functools.wraps(inner)
    async def on_message(self: Any, message: Any, ctx: Any) -> Any:
        if CURRENT.get() is None:
            return await inner(self, message, ctx)
        is_call = isinstance(message, FunctionCall) and ctx.sender is not None
        agent = getattr(self, "_agent", None)  # a team's member inside its container
        token = ACTOR.set(ctx.sender.type if is_call else getattr(agent, "name", self.id.type))
        try:
            return await inner(self, message, ctx)
        finally:
            ACTOR.reset(token)

    return on_message


_WEB_SURFER = "autogen_ext.agents.web_surfer._multimodal_web_surfer"
_WRAPS: tuple[tuple[str, str, str, Callable[[Function], Function]], ...] = (
    (BaseAgent.__module__, "BaseAgent", "on_message", _handling),
    (BaseTool.__module__, "BaseTool", "run_json", running_hook),
    (BaseStreamTool.__module__, "BaseStreamTool", "run_json_stream", running_stream),
    ("autogen_ext.tools.mcp._workbench", "McpWorkbench", "call_tool", calling_hook),
    ("autogen_ext.agents.file_surfer._file_surfer", "FileSurfer", "_generate_reply", _acting),
    (_WEB_SURFER, "MultimodalWebSurfer", "_generate_reply", _acting),
)
_CLIENT: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("create", _answering),
    ("create_stream", _streaming),
)
_lock = threading.Lock()
_done: set[tuple[type, str]] = set()


def install() -> None:
    """Wrap the methods of all classes that are loaded, each once for the process.

    Raises:
        TypeError: If this version of AutoGen lacks a method or argument that is needed.
    """
    with _lock:
        for module, owner, method, wrap in _WRAPS:
            if module in sys.modules:
                _wrap(getattr(sys.modules[module], owner), method, wrap)
        for client in _subclasses(ChatCompletionClient):
            for method, wrap in _CLIENT:
                if method in vars(client):
                    _wrap(client, method, wrap)


def _wrap(owner: type, method: str, wrap: Callable[[Function], Function]) -> None:
    if (owner, method) in _done:
        return
    if method not in vars(owner):
        raise TypeError(f"this version of AutoGen cannot be guarded: {owner} has no {method}")
    setattr(owner, method, wrap(vars(owner)[method]))
    _done.add((owner, method))


def _subclasses(owner: type) -> Iterator[type]:
    subclass: type
    for subclass in owner.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
