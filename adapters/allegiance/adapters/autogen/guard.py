"""Guards AutoGen AgentChat: attached from outside by hooks, or built in as a workbench.

AutoGen has no hook for an agent that is already built: an intervention handler gets messages, not
calls, and a team hangs if it drops one. So a few methods of AutoGen's agents are wrapped; the wraps
do nothing unless a watch is in the context.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from functools import partial
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

from allegiance.adapters.autogen import guard_tools
from allegiance.adapters.autogen.guard_hooks import (
    DECIDED,
    decide,
    install,
    noting_errors,
    record_failure,
)
from allegiance.guard.guard import Guard
from allegiance.guard.watch import CURRENT, Watch

T = TypeVar("T")


@contextmanager
def hook(watch: Watch, app: Any) -> Iterator[None]:
    """Guard every AutoGen agent and team that runs in this context.

    Args:
        watch: Records the run.
        app: An agent, a team, or a list of them. Their agents are guarded wherever they run, even
            in other threads and in a runtime that was started outside the context.
    """
    install()
    guard_tools.install()
    with ExitStack() as stack:
        for agent in _agents(app, {}):
            stack.enter_context(_pinned(agent, watch))
        yield


class GuardedWorkbench(StaticStreamWorkbench):
    """A workbench whose calls a guard allows or rejects, to pass to an agent when it is built.

    It wraps any workbench, such as that of an MCP server. Its base class is the only one from which
    an assistant streams. If a guard is attached, that guard decides instead, once for each call.

    Args:
        inner: The workbench that carries out the calls.
        guard: The guard, or a watch of it that several workbenches share.
        agent: The agent that the calls are recorded for.
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
        """Decide on a call, and carry it out if it is allowed."""

        def run(judged: Any) -> AsyncGenerator[Any, None]:
            return _once(self.inner.call_tool, name, judged, cancellation_token, call_id)

        async with aclosing(self._guarded(run, name, arguments, call_id)) as guarded:
            result: ToolResult = await anext(guarded)
            return result

    async def call_tool_stream(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[Any | ToolResult, None]:
        """Decide on a call, carry it out if it is allowed, and yield what it streams."""
        stream = getattr(self.inner, "call_tool_stream", None) or partial(
            _once, self.inner.call_tool
        )

        def run(judged: Any) -> AsyncGenerator[Any, None]:
            items: AsyncGenerator[Any, None] = stream(name, judged, cancellation_token, call_id)
            return items

        async with aclosing(self._guarded(run, name, arguments, call_id)) as guarded:
            async for item in guarded:
                yield item

    async def _guarded(
        self,
        run: Callable[[Any], AsyncGenerator[Any, None]],
        name: str,
        arguments: Mapping[str, Any] | None,
        call_id: str | None,
    ) -> AsyncGenerator[Any, None]:
        if DECIDED.get() == (call_id, name):
            async with aclosing(run(arguments)) as items:
                async for item in items:
                    yield item
            return
        watch = CURRENT.get() or self.watch
        ticket = await decide(watch, self.agent, name, arguments or {}, call_id)
        if isinstance(ticket, str):
            shown = [TextResultContent(content=ticket)]
            yield ToolResult(name=name, result=list(shown), is_error=True)
            return
        async with aclosing(run(ticket.args)) as items:
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
                        with noting_errors(watch):
                            watch.after(ticket, item.to_text(), ok=not item.is_error)
                    yield item
            except BaseException as error:
                if not settled:
                    record_failure(watch, ticket, error)
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
        raise TypeError("a guard cannot be part of a configuration; dump the inner workbench")


async def _once(call: Callable[..., Awaitable[T]], *args: Any) -> AsyncGenerator[T, None]:
    yield await call(*args)


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
    """Return the agents in an app at any depth; an object that is not AutoGen's has none."""
    if app is None or id(app) in seen:
        return []
    seen[id(app)] = app
    is_list = isinstance(app, (list, tuple))
    parts = list(app) if is_list else [getattr(app, name, None) for name in _PARTS]
    agents = [agent for part in parts for agent in _agents(part, seen)]
    return [app, *agents] if isinstance(app, ChatAgent) else agents


@dataclass
class _Pin:
    """The watches of an agent that is guarded wherever it runs, and how to undo its wraps."""

    watches: list[Watch] = field(default_factory=list)
    undo: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Put the latest watch into the context, unless one of the watches is in it."""
        watch = CURRENT.get()
        if not self.watches or watch in self.watches:
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
    """Guard an agent wherever it runs; several watches may do so at the same time."""
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
    """Make an agent run inside its pin, and guard its workbenches if it has no hooks."""
    inner, inner_stream = agent.on_messages, agent.on_messages_stream

    @functools.wraps(inner)
    async def on_messages(*args: Any, **kwargs: Any) -> Any:
        with pin.inside():
            return await inner(*args, **kwargs)

    @functools.wraps(inner_stream)
    async def on_messages_stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(inner_stream(*args, **kwargs)) as items:
            while True:
                with pin.inside():  # not around the yield, which runs in the caller's context
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
def _replaced(owner: object, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of an object inside the context."""
    own = vars(owner)
    before = {name: own[name]} if name in own else {}
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)
        own.update(before)
