"""The hooks in AutoGen's tools: they decide whether a call that an agent runs may run."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from autogen_core.tools import TextResultContent, ToolResult

from allegiance.adapters.autogen.guard_hooks import (
    DECIDED,
    Function,
    decide,
    noting_errors,
    picker,
    record_failure,
    record_outcome,
    replacer,
)
from allegiance.guard.scope import ACTOR, CURRENT
from allegiance.guard.watch import CallRejected, Ticket, Watch


class undecided:
    """Clear the decided call inside, so that the guard also decides on calls a tool makes."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = DECIDED.set(None)

    def __exit__(self, *_: object) -> None:
        DECIDED.reset(self._token)


def is_decided(call_id: str | None) -> bool:
    """Tell whether a call is the one that was decided on before it came here."""
    decided = DECIDED.get()
    return decided is not None and decided[0] == call_id


async def decided_ticket(watch: Watch, tool: str, args: Any, call_id: str | None) -> Ticket:
    """Return the ticket of an allowed call.

    Raises:
        CallRejected: If the call is rejected.
    """
    ticket = await decide(watch, (ACTOR.get() or "agent"), tool, args, call_id)
    if isinstance(ticket, str):
        raise CallRejected(ticket)
    return ticket


def running_hook(inner: Function) -> Function:
    """Decide whether a call to a tool may run, for any agent that runs it."""
    pick, replace = picker(inner, "args", "call_id"), replacer(inner, "args")

    @functools.wraps(inner)
    async def run_json(self: Any, *args: Any, **kwargs: Any) -> Any:
        watch = CURRENT.get()
        if watch is None:
            return await inner(self, *args, **kwargs)
        arguments, call_id = pick((self, *args), kwargs)
        if is_decided(call_id):
            with undecided():
                return await inner(self, *args, **kwargs)
        ticket = await decided_ticket(watch, self.name, arguments, call_id)
        args, kwargs = replace((self, *args), kwargs, ticket.args)
        with undecided():
            running = inner(self, *args, **kwargs)
            return await record_outcome(
                watch, ticket, running, lambda value: (self.return_value_as_string(value), True)
            )

    return run_json


def running_stream(inner: Function) -> Function:
    """Decide whether a call to a tool that streams may run."""
    pick, replace = picker(inner, "args", "call_id"), replacer(inner, "args")

    @functools.wraps(inner)
    async def run_json_stream(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        watch, ticket, item = CURRENT.get(), None, None
        if watch is not None:
            arguments, call_id = pick((self, *args), kwargs)
            if not is_decided(call_id):
                ticket = await decided_ticket(watch, self.name, arguments, call_id)
                args, kwargs = replace((self, *args), kwargs, ticket.args)
        async with aclosing(inner(self, *args, **kwargs)) as items:
            while True:
                try:
                    with undecided():  # not around the yield, which runs in the caller's context
                        item = await anext(items)
                except StopAsyncIteration:
                    break
                except BaseException as error:
                    if watch is not None and ticket is not None:
                        record_failure(watch, ticket, error)
                    raise
                yield item
        if watch is not None and ticket is not None:
            with noting_errors(watch):
                watch.after(ticket, self.return_value_as_string(item))

    return run_json_stream


def calling_hook(inner: Function) -> Function:
    """Decide whether a call to a remote tool may run, such as that of an MCP server."""
    pick, replace = picker(inner, "name", "arguments", "call_id"), replacer(inner, "arguments")

    @functools.wraps(inner)
    async def call_tool(self: Any, *args: Any, **kwargs: Any) -> Any:
        watch = CURRENT.get()
        name, arguments, call_id = pick((self, *args), kwargs)
        if watch is None or is_decided(call_id):
            return await inner(self, *args, **kwargs)
        ticket = await decide(watch, (ACTOR.get() or "agent"), name, arguments or {}, call_id)
        if isinstance(ticket, str):
            shown = [TextResultContent(content=ticket)]
            return ToolResult(name=name, result=list(shown), is_error=True)
        args, kwargs = replace((self, *args), kwargs, ticket.args)
        running = inner(self, *args, **kwargs)
        return await record_outcome(watch, ticket, running, lambda r: (r.to_text(), not r.is_error))

    return call_tool
