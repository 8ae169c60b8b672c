"""Notices graphs that run in another process, whose calls no guard of this process can see."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from allegiance.guard.imports import call_after_import
from allegiance.guard.scope import CURRENT

_MODULE = "langgraph.pregel.remote"


def notice_remote_graphs() -> None:
    """Say so when a ``RemoteGraph`` runs where a guard is; it has no callbacks."""
    if _MODULE in sys.modules:
        _wrap()
    else:
        call_after_import(_MODULE, lambda _: _wrap())


def _wrap() -> None:
    remote = sys.modules[_MODULE].RemoteGraph
    for name in ("stream", "astream"):
        method = vars(remote).get(name)
        if method is not None and not hasattr(method, "allegiance_wrapped"):
            setattr(remote, name, _noticing(method))


def _noticing(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if (watch := CURRENT.get()) is not None:
            watch.note_elsewhere(f"the remote graph {getattr(self, 'name', '')!r}")
        return method(self, *args, **kwargs)

    run.allegiance_wrapped = True  # type: ignore[attr-defined]
    return run
