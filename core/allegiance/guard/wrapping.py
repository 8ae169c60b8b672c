"""Wraps functions of every kind so that a watch decides on each call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing
from typing import Any

from allegiance.guard.arguments import read_args
from allegiance.guard.recent import describe_error
from allegiance.guard.ticket import AnyWatch, CallRejected, Ticket

Function = Callable[..., Any]

MOST_CHARACTERS = 10_000
"""Characters of what a generator yields that its result in the trace keeps."""


def wrap_function(watch: AnyWatch, function: Any, tool: str, actor: str) -> Any:
    """Return a function of the same kind whose every call the watch allows or rejects.

    Args:
        watch: Decides.
        function: A function, an asynchronous one, a generator, or a method.
        tool: The tool's name in the trace; the function's name by default.
        actor: The agent that the calls are recorded for.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(wrap_function(watch, function.__func__, tool, actor))
    calls = _Calls(watch, function, tool, actor)
    for kind, wrap in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.iscoroutinefunction, _coroutine),
        (inspect.isgeneratorfunction, _generator),
    ):
        if kind(function) or kind(getattr(function, "__call__", None)):  # noqa: B004 - which kind
            guarded = wrap(calls)
            break
    else:
        guarded = _plain(calls)
    return functools.wraps(function)(guarded)


class _Calls:
    """Reads the arguments of the calls of one function."""

    def __init__(self, watch: AnyWatch, function: Function, tool: str, actor: str) -> None:
        self.watch = watch
        self.function = function
        self.actor = actor
        self.tool = tool or getattr(function, "__name__", "function")
        self.signature = inspect.signature(function)
        parameters = list(self.signature.parameters.values())
        # a method that is wrapped in its class: its object is not an argument of the model's
        self.owner = parameters[0].name if parameters and _is_unbound(function, parameters) else ""
        self.defaults = {
            parameter.name: parameter.default
            for parameter in parameters
            # a default that is not JSON data does not come from a model
            if parameter.default is not parameter.empty
            and read_args({"default": parameter.default}).problem is None
        }

    def read(self, args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, dict[str, Any]]:
        call = self.signature.bind(*args, **kwargs)
        judged = {k: v for k, v in call.arguments.items() if k != self.owner}
        return call, {**self.defaults, **judged}

    def allow(self, call: inspect.BoundArguments, ticket: Ticket) -> inspect.BoundArguments:
        """Return the call with the arguments that were judged.

        Raises:
            CallRejected: If it may not run.
        """
        if not ticket.allowed:
            raise CallRejected(ticket.message, self.tool, ticket.event.args)
        passed = ticket.args if isinstance(ticket.args, Mapping) else {}
        names = self.signature.parameters
        own = {k: v for k, v in call.arguments.items() if k == self.owner}
        edited = ticket.decision.answer is not None
        call.arguments = own | {
            k: v for k, v in passed.items() if k in call.arguments or (edited and k in names)
        }
        return call

    def before(self, args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, Ticket]:
        call, judged = self.read(args, kwargs)
        ticket = self.watch.before(self.actor, self.tool, judged)
        return self.allow(call, ticket), ticket

    async def abefore(self, args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, Ticket]:
        call, judged = self.read(args, kwargs)
        ticket = await self.watch.abefore(self.actor, self.tool, judged)
        return self.allow(call, ticket), ticket

    def fail(self, ticket: Ticket, error: BaseException) -> None:
        self.watch.after(ticket, describe_error(error), ok=False)


def _plain(calls: _Calls) -> Function:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        call, ticket = calls.before(args, kwargs)
        try:
            result = calls.function(*call.args, **call.kwargs)
        except BaseException as error:
            calls.fail(ticket, error)
            raise
        if inspect.isawaitable(result):  # such as a function that returns a coroutine
            return _waiting(calls, ticket, result)
        calls.watch.after(ticket, str(result))
        return result

    return guarded


def _coroutine(calls: _Calls) -> Function:
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        call, ticket = await calls.abefore(args, kwargs)
        return await _waiting(calls, ticket, calls.function(*call.args, **call.kwargs))

    return guarded


async def _waiting(calls: _Calls, ticket: Ticket, running: Awaitable[Any]) -> Any:
    try:
        result = await running
    except BaseException as error:
        calls.fail(ticket, error)
        raise
    calls.watch.after(ticket, str(result))
    return result


def _generator(calls: _Calls) -> Function:
    def guarded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call, ticket = calls.before(args, kwargs)
        inner, heard = calls.function(*call.args, **call.kwargs), _Heard()
        try:
            result = yield from _listening(inner, heard)
        except GeneratorExit:
            calls.watch.after(ticket, heard.text)
            raise
        except BaseException as error:
            calls.fail(ticket, error)
            raise
        calls.watch.after(ticket, heard.text)
        return result

    return guarded


def _listening(inner: Generator[Any, Any, Any], heard: _Heard) -> Generator[Any, Any, Any]:
    try:
        item = next(inner)
        while True:
            heard.add(item)
            try:
                sent = yield item
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                item = inner.throw(error)
            else:
                item = inner.send(sent)
    except StopIteration as end:
        return end.value


def _async_generator(calls: _Calls) -> Function:
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        call, ticket = await calls.abefore(args, kwargs)
        heard = _Heard()
        try:
            async with aclosing(calls.function(*call.args, **call.kwargs)) as items:
                async for item in items:
                    heard.add(item)
                    yield item
        except GeneratorExit:
            calls.watch.after(ticket, heard.text)
            raise
        except BaseException as error:
            calls.fail(ticket, error)
            raise
        calls.watch.after(ticket, heard.text)

    return guarded


class _Heard:
    """The beginning of what a generator yields."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, item: Any) -> None:
        if len(self.text) < MOST_CHARACTERS:
            self.text += str(item)[:MOST_CHARACTERS]


def _is_unbound(function: Any, parameters: list[inspect.Parameter]) -> bool:
    named = parameters[0].name in ("self", "cls")
    return named and inspect.isfunction(function) and "." in function.__qualname__
