"""Guarding AutoGen AgentChat: from outside by hooks in its agents, or at build time.

Nothing of AutoGen's own reaches an agent that is built already: an intervention handler sees
messages, not calls, and a team hangs on what it drops. So a few methods of its agents are wrapped,
which act only where a watch is in the context.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import ChatAgent
from autogen_core import CancellationToken
from autogen_core.tools import (
    StaticStreamWorkbench,
    TextResultContent,
    ToolResult,
    ToolSchema,
    Workbench,
)

from allegiance.adapters.autogen import guard_tools as _autogen_tools
from allegiance.adapters.autogen.guard_hooks import DECIDED, decide, failed, install, noted
from allegiance.guard.guard import Guard
from allegiance.guard.watch import CURRENT, Watch

T = TypeVar("T")


@contextmanager
def hook(watch: Watch, app: Any) -> Iterator[None]:
    """Guard every AutoGen agent and team that runs in this context.

    Args:
        watch: The run.
        app: An agent, a team, or a list of them, whose agents are guarded wherever they run: also
            in a runtime that was started outside the context, and in other threads.
    """
    install()
    _autogen_tools.install()
    with ExitStack() as stack:
        for agent in _agents(app, {}):
            stack.enter_context(_pinned(agent, watch))
        yield


class GuardedWorkbench(StaticStreamWorkbench):
    """The guard around a workbench, for those who build the agents themselves.

    It takes any workbench, such as that of an MCP server; it extends the only class from which an
    assistant streams. Inside an attached guard it stands back, and calls are decided on once.

    Args:
        inner: The workbench that carries calls out.
        guard: The guard, or a watch of it for several workbenches to share.
        agent: Who the calls are recorded for.
    """

    def __init__(self, inner: Workbench, guard: Guard | Watch, agent: str = "agent") -> None:
        super().__init__([])
        self.inner = inner
        self.agent = agent
        if isinstance(guard, Watch):
            self.watch = guard
        else:
            self.watch = Watch(guard)
            guard.watches.append(self.watch)

    async def list_tools(self) -> list[ToolSchema]:
        """Return the tools of the inner workbench."""
        return await self.inner.list_tools()

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Decide on a call, and carry it out."""
        items = _once(self.inner.call_tool, name, arguments, cancellation_token, call_id)
        async with aclosing(self._guarded(items, name, arguments, call_id)) as guarded:
            result: ToolResult = await anext(guarded)
            return result

    async def call_tool_stream(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[Any | ToolResult, None]:
        """Decide on a call, and carry it out with all that it shows meanwhile."""
        given = (name, arguments, cancellation_token, call_id)
        stream = getattr(self.inner, "call_tool_stream", None)
        items = stream(*given) if stream is not None else _once(self.inner.call_tool, *given)
        async with aclosing(self._guarded(items, name, arguments, call_id)) as guarded:
            async for item in guarded:
                yield item

    async def _guarded(
        self,
        items: AsyncGenerator[Any, None],
        name: str,
        arguments: Mapping[str, Any] | None,
        call_id: str | None,
    ) -> AsyncGenerator[Any, None]:
        async with aclosing(items):
            if DECIDED.get() == (call_id, name):
                async for item in items:
                    yield item
                return
            watch = CURRENT.get() or self.watch
            ticket = await decide(watch, self.agent, name, arguments or {}, call_id)
            if isinstance(ticket, str):
                shown = [TextResultContent(content=ticket)]
                yield ToolResult(name=name, result=list(shown), is_error=True)
                return
            settled = False
            try:
                while True:
                    token = DECIDED.set((call_id, name))
                    try:
                        item = await anext(items, None)
                    finally:
                        DECIDED.reset(token)
                    if item is None:
                        return
                    if isinstance(item, ToolResult):
                        settled = True
                        with noted(watch):
                            watch.after(ticket, item.to_text(), ok=not item.is_error)
                    yield item
            except BaseException as error:
                if not settled:
                    failed(watch, ticket, error)
                raise

    async def start(self) -> None:
        """Start the inner workbench."""
        await self.inner.start()

    async def stop(self) -> None:
        """Stop the inner workbench."""
        await self.inner.stop()

    async def reset(self) -> None:
        """Reset the inner workbench."""
        await self.inner.reset()

    async def save_state(self) -> Mapping[str, Any]:
        """Return the state of the inner workbench."""
        return await self.inner.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Load the state of the inner workbench."""
        await self.inner.load_state(state)

    def _to_config(self) -> NoReturn:
        raise TypeError("a guard cannot be written into a configuration: dump the inner workbench")


async def _once(call: Callable[..., Awaitable[T]], *given: Any) -> AsyncGenerator[T, None]:
    yield await call(*given)


_PARTS = (
    "_participants",  # of a team
    "_team",  # of a society of mind
    "_wrapped_agent",  # of a message filter
    "_tools",
    "_workbench",
    "inner",
    "_task_runner",  # of a tool that is an agent or a team
)


def _agents(app: Any, seen: dict[int, Any]) -> list[ChatAgent]:
    """Return the agents in an app, at any depth; none in what is no app of AutoGen's."""
    if app is None or id(app) in seen:
        return []
    seen[id(app)] = app
    known = isinstance(app, (list, tuple))
    parts = list(app) if known else [getattr(app, name, None) for name in _PARTS]
    found = [agent for part in parts for agent in _agents(part, seen)]
    return [app, *found] if isinstance(app, ChatAgent) else found


@dataclass
class _Pin:
    """The watches that see an agent wherever it runs, and what undoes it."""

    watches: list[Watch] = field(default_factory=list)
    undo: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Bring a watch into the context, unless one of them is there."""
        here = CURRENT.get()
        if not self.watches or here in self.watches:
            yield
            return
        token = CURRENT.set(self.watches[-1])
        try:
            yield
        finally:
            CURRENT.reset(token)


_PINS: WeakKeyDictionary[ChatAgent, _Pin] = WeakKeyDictionary()


@contextmanager
def _pinned(agent: ChatAgent, watch: Watch) -> Iterator[None]:
    """Let a watch see an agent wherever it runs; others may do the same meanwhile."""
    pin = _PINS.setdefault(agent, _Pin())
    pin.watches.append(watch)
    try:
        if len(pin.watches) == 1:
            _wrap(agent, pin, watch)
        yield
    finally:
        pin.watches.remove(watch)
        if not pin.watches:
            pin.undo.close()


def _wrap(agent: ChatAgent, pin: _Pin, watch: Watch) -> None:
    """Let an agent run inside its pin, and its workbenches ask where no hook does."""
    inner, inner_stream = agent.on_messages, agent.on_messages_stream

    @functools.wraps(inner)
    async def on_messages(*args: Any, **kwargs: Any) -> Any:
        with pin.inside():
            return await inner(*args, **kwargs)

    @functools.wraps(inner_stream)
    async def on_messages_stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(inner_stream(*args, **kwargs)) as items:
            while True:
                with pin.inside():  # not around the yield: the context there is the caller's
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        return
                yield item

    pin.undo.enter_context(_replaced(agent, "on_messages", on_messages))
    pin.undo.enter_context(_replaced(agent, "on_messages_stream", on_messages_stream))
    if getattr(type(agent), "_execute_tool_call", None) is not AssistantAgent._execute_tool_call:
        benches = getattr(agent, "_workbench", None)
        guarded: Any = None
        if isinstance(benches, Workbench):
            guarded = GuardedWorkbench(benches, watch, agent.name)
        elif isinstance(benches, (list, tuple)):
            guarded = [GuardedWorkbench(bench, watch, agent.name) for bench in benches]
        if guarded:
            pin.undo.enter_context(_replaced(agent, "_workbench", guarded))


@contextmanager
def _replaced(thing: object, name: str, value: Any) -> Iterator[None]:
    """Give an object another attribute of its own for a while."""
    own = vars(thing)
    before = {name: own[name]} if name in own else {}
    setattr(thing, name, value)
    try:
        yield
    finally:
        delattr(thing, name)
        own.update(before)
