"""Asks a person whether a call may run."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from allegiance.guard.decision import Decision
from allegiance.trace.events import Event

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


def ask_on_console(decision: Decision, event: Event) -> bool:
    """Ask on the console; without a terminal, the answer is no."""
    import sys

    if not sys.stdin.isatty():
        return False
    print(f"\n{event.actor} wants to call {event.tool} with {event.args}", file=sys.stderr)
    print(decision.message.removeprefix("Rejected by policy: "), file=sys.stderr)
    print("Allow the call? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def wait_for(answer: Awaitable[T], loop: asyncio.AbstractEventLoop | None) -> T:
    """Wait in synchronous code for an asynchronous answer.

    Args:
        answer: The answer.
        loop: The running loop of another thread, in which the answer is awaited; without it, a new
            loop is run for the answer.

    Raises:
        RuntimeError: If an event loop is running in this thread: it cannot wait for itself.
        Exception: Whatever the answer raises.
    """
    import asyncio  # at the first question, to keep the core quick to import

    async def wait() -> T:
        return await answer

    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is not None:
        if inspect.iscoroutine(answer):
            answer.close()
        raise RuntimeError("ask is asynchronous, and this thread's event loop is busy")
    if loop is not None and loop.is_running():
        return asyncio.run_coroutine_threadsafe(wait(), loop).result()
    return asyncio.run(wait())
