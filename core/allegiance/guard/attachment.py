"""Attaching a guard to whatever runs in a context, in every framework that is loaded."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from contextvars import Token
from importlib import import_module
from types import TracebackType
from typing import Any

from allegiance.guard.decider import Decider
from allegiance.guard.watch import CURRENT, Watch

HOOKS: tuple[tuple[str, str], ...] = (
    ("langchain_core", "allegiance.adapters.langchain.guard"),
    ("autogen_agentchat", "allegiance.adapters.autogen.guard"),
    ("crewai", "allegiance.adapters.crewai.guard"),
)
"""Frameworks, and the module whose ``hook(watch, app)`` returns a context manager for each."""


class Attachment:
    """A guard that is attached while its context is entered: ``with`` or ``async with``.

    It is scoped by a context variable: tasks and threads started inside are guarded, everything
    else is not. Frameworks are hooked if they are imported when the context is entered; an app
    that exists has imported its own.

    Args:
        guard: Who decides.
        app: The app, for the frameworks that need it.
        watches: Gets the watch of each run.
    """

    def __init__(self, guard: Decider, app: Any, watches: list[Watch]) -> None:
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
        watch, stack, token = self._open.pop()
        try:
            stack.close()
        finally:
            CURRENT.reset(token)
            watch.end(f"{kind.__name__}: {error}" if kind else "")

    async def __aenter__(self) -> Watch:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
