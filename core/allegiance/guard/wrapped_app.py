"""An app as an object that attaches a guard for each of its runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

RUNS = frozenset(("invoke", "batch", "run_sync", "kickoff", "kickoff_for_each", "execute"))
"""Methods that run an app and return its result, or something to await."""

ASYNC_RUNS = frozenset(
    ("ainvoke", "abatch", "run", "akickoff", "kickoff_async", "akickoff_for_each")
) | {"kickoff_for_each_async", "on_messages"}
"""Methods that run an app and are awaited."""

STREAMS = frozenset(("stream",))
"""Methods that run an app step by step."""

ASYNC_STREAMS = frozenset(("astream", "astream_events", "run_stream", "on_messages_stream"))
"""Methods that run an app step by step, with ``async for``."""


class _Attaches(Protocol):
    def attach(self, app: Any = None) -> AbstractContextManager[Any]:
        """Return a context manager that guards what runs inside."""


class WrappedApp:
    """An app whose runs a guard watches; every other attribute is the app's own.

    Args:
        guard: The guard.
        app: The app.
    """

    def __init__(self, guard: _Attaches, app: Any) -> None:
        self._guard = guard
        self._app = app

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._app, name)
        if not callable(value):
            return value
        if name in STREAMS:
            return self._stream(value)
        if name in ASYNC_STREAMS:
            return self._astream(value)
        if name in ASYNC_RUNS and (name != "run" or inspect.iscoroutinefunction(value)):
            return self._arun(value)
        return self._run(value) if name in RUNS or name == "run" else value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the app inside the guard."""
        return self._run(self._app)(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<guarded {self._app!r}>"

    def _run(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method, updated=())
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._guard.attach(self._app):
                return method(*args, **kwargs)

        return run

    def _arun(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method, updated=())
        async def run(*args: Any, **kwargs: Any) -> Any:
            with self._guard.attach(self._app):
                return await method(*args, **kwargs)

        return run

    def _stream(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method, updated=())
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with self._guard.attach(self._app):
                yield from method(*args, **kwargs)

        return stream

    def _astream(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method, updated=())
        async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            with self._guard.attach(self._app):
                async for item in method(*args, **kwargs):
                    yield item

        return stream
