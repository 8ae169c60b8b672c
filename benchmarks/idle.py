"""What LangChain takes for a handler that does nothing: the floor of any guard from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook


class Idle(BaseCallbackHandler):
    """Hears what the guard's handler hears, and does nothing."""

    raise_error = run_inline = True
    ignore_chain = ignore_retriever = ignore_retry = ignore_custom_event = True

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing; without this, LangChain writes the conversation out as one text."""


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
