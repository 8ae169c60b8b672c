"""Attaches a guard to everything that runs in a context, in every framework that is loaded."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from contextvars import Token
from importlib import import_module
from types import TracebackType
from typing import Any

from allegiance.guard.decider import Decider
from allegiance.guard.recent import Recent, describe_error
from allegiance.guard.watch import CURRENT, Watch

HOOKS: tuple[tuple[str, str], ...] = (
    ("langchain_core", "allegiance.adapters.langchain.guard"),
    ("autogen_agentchat", "allegiance.adapters.autogen.guard"),
    ("crewai", "allegiance.adapters.crewai.guard"),
)
"""The frameworks, each with the module whose ``hook(watch, app)`` guards it."""


class Attachment:
    """Guards what runs inside ``with`` or ``async with``.

    The scope is a context variable: tasks and threads that are started inside, with a copy of the
    context, are guarded; nothing else is. Frameworks are hooked if they are imported when the
    context is entered; an app that exists has imported its framework.

    Args:
        guard: Decides on the calls.
        app: The app, for the frameworks that need it.
        watches: The list that the watch of each run is appended to.
    """

    def __init__(self, guard: Decider, app: Any, watches: Recent[Watch]) -> None:
        self._guard = guard
        self._app = app
        self._watches = watches
        self._open: list[tuple[Watch, ExitStack, Token[Watch | None]]] = []

    def __enter__(self) -> Watch:
        watch = Watch(self._guard)
        self._watches.append(watch)
        token = CURRENT.set(watch)
        stack = ExitStack()
        try:
            for framework, module in HOOKS:
                if framework in sys.modules:
                    hooks = sys.modules.get(module) or import_module(module)
                    stack.enter_context(hooks.hook(watch, self._app))
        except BaseException:
            stack.close()
            CURRENT.reset(token)
            raise
        self._open.append((watch, stack, token))
        return watch

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind, error)
        self._guard.flush()

    async def __aenter__(self) -> Watch:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind, error)
        if self._guard.sinks:
            import asyncio  # only if there is something to wait for

            await asyncio.to_thread(self._guard.flush)

    def _leave(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        watch, stack, token = self._open.pop()
        try:
            stack.close()
        finally:
            CURRENT.reset(token)
            watch.record_end(describe_error(error) if kind and error else "")
