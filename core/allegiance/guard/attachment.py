"""Attaches a guard to everything that runs in a context, in every framework that is loaded."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from contextvars import Token
from dataclasses import dataclass
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

from allegiance.guard.decider import Decider
from allegiance.guard.imports import call_after_import
from allegiance.guard.recent import Recent, describe_error
from allegiance.guard.scope import CURRENT, Scope, enter, entering_frame, leave
from allegiance.guard.watch import Watch

HOOKS: tuple[tuple[str, str], ...] = (
    ("langchain_core", "allegiance.adapters.langchain.guard_handler"),
    ("autogen_agentchat", "allegiance.adapters.autogen.guard"),
    ("crewai", "allegiance.adapters.crewai.guard"),
)
"""The frameworks, each with the module whose ``hook(watch, app)`` guards it."""


@dataclass
class _Entry:
    """One run inside an attachment."""

    watch: Watch
    app: Any
    scope: Scope
    token: Token[Scope | None]
    stack: ExitStack

    def hook(self, module: str) -> None:
        hooks = sys.modules.get(module) or import_module(module)
        self.stack.enter_context(hooks.hook(self.watch, self.app))


_OPEN: list[_Entry] = []
_LOCK = threading.RLock()


class Attachment:
    """Guards what runs inside ``with`` or ``async with``.

    The scope is a context variable: tasks and threads that are started inside, with a copy of the
    context, are guarded; nothing else is. It may be left in another context or thread. Attachments
    inside each other all decide, and the strictest decision counts. A framework that is imported
    inside is hooked when its import ends.

    Args:
        guard: Decides on the calls.
        app: The app, for the frameworks that need it.
        watches: The list that the watch of each run is appended to.
    """

    def __init__(self, guard: Decider, app: Any, watches: Recent[Watch]) -> None:
        self._guard = guard
        self._app = app
        self._watches = watches
        self._entries: list[_Entry] = []

    def __enter__(self) -> Watch:
        return self._enter(entering_frame(sys._getframe(1)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind, error)
        self._guard.flush()

    async def __aenter__(self) -> Watch:
        return self._enter(entering_frame(sys._getframe(1)))

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

    def _enter(self, frame: FrameType | None) -> Watch:
        watch = Watch(self._guard, CURRENT.get())
        self._watches.append(watch)
        scope, token = enter(watch, frame)
        entry = _Entry(watch, self._app, scope, token, ExitStack())
        try:
            for framework, module in HOOKS:
                if framework in sys.modules:
                    entry.hook(module)
        except BaseException:
            entry.stack.close()
            leave(scope, token)
            raise
        with _LOCK:
            _OPEN.append(entry)
            self._entries.append(entry)
        for framework, _ in HOOKS:
            if framework not in sys.modules:
                call_after_import(framework, _hook_late)
        return watch

    def _leave(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        with _LOCK:
            entry = self._latest()
            self._entries.remove(entry)
            _OPEN.remove(entry)
            for other in _OPEN:  # what is left before what it holds no longer decides there
                if other.watch.outer is entry.watch:
                    other.watch.outer = entry.watch.outer
        try:
            entry.stack.close()
        finally:
            leave(entry.scope, entry.token)
            entry.watch.record_end(describe_error(error) if kind and error else "")

    def _latest(self) -> _Entry:
        """Return the run that is left: that of this context, or the latest."""
        watch = CURRENT.get()
        same = [entry for entry in self._entries if entry.watch is watch]
        return (same or self._entries)[-1]


def open_watches() -> list[Watch]:
    """Return the watches of this process that are attached."""
    with _LOCK:
        return [entry.watch for entry in _OPEN]


def _hook_late(framework: str) -> None:
    """Hook a framework that was imported while guards are attached."""
    module = dict(HOOKS)[framework]
    with _LOCK:
        entries = list(_OPEN)
    for entry in entries:
        try:
            entry.hook(module)
        except Exception as error:  # noqa: BLE001 - an import must not fail; the guard says so
            failure = f"{framework} cannot be guarded: {describe_error(error)}"
            entry.watch.guard.note_failure(failure)
