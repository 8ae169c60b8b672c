"""What LangChain takes for a handler that does nothing: the floor of any guard from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from statistics import median

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook


class Idle(BaseCallbackHandler):
    """Hears what the guard's handler hears, and does nothing."""

    raise_error = run_inline = True
    ignore_chain = ignore_retriever = ignore_retry = ignore_custom_event = True


IDLE: ContextVar[Idle | None] = ContextVar("idle", default=None)
register_configure_hook(IDLE, inheritable=True)


@contextmanager
def idle() -> Iterator[None]:
    """Attach a handler that does nothing to LangChain and LangGraph."""
    token = IDLE.set(Idle())
    try:
        yield
    finally:
        IDLE.reset(token)


def floor(app: Callable[[], str], runs: int, warm_up: int) -> float:
    """Return the median CPU seconds that a handler which does nothing adds to an app."""
    times: list[list[float]] = [[], []]
    for round_ in range(runs + warm_up):
        for at in (0, 1) if round_ % 2 else (1, 0):
            start = time.process_time()
            with idle() if at else nullcontext():
                app()
            if round_ >= warm_up:
                times[at].append(time.process_time() - start)
    return median(b - a for a, b in zip(*times, strict=True))
