"""Which watch guards the code that is running.

The scope is a context variable, so that tasks and threads with a copy of the context are guarded.
A generator that attaches a guard may be driven from another context at every step, as a server
does with a streamed answer: while such a generator is on the stack, its watch guards, too.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import FrameType

from allegiance.guard.ticket import AnyWatch

_SCOPE: ContextVar[Scope | None] = ContextVar("allegiance_watch", default=None)

ACTOR: ContextVar[str] = ContextVar("allegiance_actor", default="")
"""The agent in whose tool this code runs, for calls that do not name their agent."""

_GENERATORS: dict[int, Scope] = {}
"""The scopes that generators hold open, by the ids of their frames.

A frame lives as long as its generator, and a generator that goes leaves its ``with`` block first.
"""


class Scope:
    """One attachment as a context sees it.

    Args:
        watch: The watch that guards.
        outer: The scope around it.
        source: For a context that a generator reached by its stack alone, the generator's scope.
    """

    __slots__ = ("_frame", "_owner", "left_elsewhere", "outer", "source", "watch")

    def __init__(self, watch: AnyWatch, outer: Scope | None, source: Scope | None = None) -> None:
        self.watch = watch
        self.outer = outer
        self.source = source
        self.left_elsewhere = False
        self._owner = _whereabouts()
        self._frame = 0

    def hold(self, frame: FrameType | None) -> None:
        """Note the generator that entered this scope, if a generator did."""
        if frame is not None and frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
            self._frame = id(frame)
            _GENERATORS[self._frame] = self

    def release(self) -> None:
        """Forget the generator."""
        _GENERATORS.pop(self._frame, None)

    def applies(self) -> bool:
        """Tell whether the code that asks runs inside, or in a task or thread that began inside."""
        if self.source is not None:
            return self._owner != _whereabouts() or _on_stack() is self.source
        return not self.left_elsewhere or self._owner != _whereabouts()

    def covers(self, scope: Scope) -> bool:
        """Tell whether a scope is this one or around it."""
        inner: Scope | None = self
        while inner is not None:
            if scope in (inner, inner.source):
                return True
            inner = inner.outer
        return False


def current_scope() -> Scope | None:
    """Return the innermost scope of the code that asks."""
    scope = _SCOPE.get()
    if _GENERATORS and (held := _on_stack()) is not None and not (scope and scope.covers(held)):
        scope = Scope(held.watch, scope, held)
        _SCOPE.set(scope)  # for the tasks and threads that this step starts
        return scope
    inner = scope
    while scope is not None and not scope.applies():
        scope = scope.outer
    if scope is not inner:
        _SCOPE.set(scope)  # so that what begins from now on is not taken for what began inside
    return scope


class _Current:
    """The watch of the code that asks; it is used like a context variable."""

    def get(self) -> AnyWatch | None:
        """Return the watch, or None."""
        if _SCOPE.get() is None and not _GENERATORS:
            return None
        scope = current_scope()
        return None if scope is None else scope.watch

    def set(self, watch: AnyWatch | None) -> Token[Scope | None]:
        """Put a watch into this context; pass the result to ``reset``."""
        return _SCOPE.set(None if watch is None else Scope(watch, current_scope()))

    def reset(self, token: Token[Scope | None]) -> None:
        """Undo ``set``, in the context in which it was called."""
        _SCOPE.reset(token)


CURRENT = _Current()
"""The watch of this context, which the hooks in the frameworks use."""


@contextmanager
def scoped(watch: AnyWatch) -> Iterator[None]:
    """Guard what runs inside with a watch."""
    token = CURRENT.set(watch)
    try:
        yield
    finally:
        CURRENT.reset(token)


def enter(watch: AnyWatch, frame: FrameType | None) -> tuple[Scope, Token[Scope | None]]:
    """Begin a scope in this context.

    Args:
        watch: The watch.
        frame: The frame whose ``with`` block it is.
    """
    scope = Scope(watch, current_scope())
    scope.hold(frame)
    return scope, _SCOPE.set(scope)


def leave(scope: Scope, token: Token[Scope | None]) -> None:
    """End a scope, in whatever context or thread."""
    scope.release()
    innermost = _SCOPE.get()
    if innermost is not None and innermost is not scope and innermost.covers(scope):
        scope.left_elsewhere = True  # scopes inside it are still open
        return
    try:
        _SCOPE.reset(token)
    except ValueError:  # it was entered in another context, whose variable nobody else can reset
        scope.left_elsewhere = True
        if innermost is scope:
            _SCOPE.set(scope.outer)


def entering_frame(frame: FrameType | None) -> FrameType | None:
    """Return the frame whose ``with`` block is entered, past the helpers of ``contextlib``."""
    while frame is not None and frame.f_globals.get("__name__") == "contextlib":
        frame = frame.f_back
    return frame


def _on_stack() -> Scope | None:
    """Return the innermost scope whose generator is running in this thread."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if (scope := _GENERATORS.get(id(frame))) is not None:
            return scope
        frame = frame.f_back
    return None


def _whereabouts() -> tuple[int, int]:
    """Return this thread and its task."""
    task = None
    if (asyncio := sys.modules.get("asyncio")) is not None:
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
    return threading.get_ident(), id(task)
