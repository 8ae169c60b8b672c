"""The sessions that a service keeps in memory: how many, and for how long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from allegiance.guard.guard import Guard
from allegiance.service.session import Session
from allegiance.service.store import TOUCH, StepStore

SWEEP = 60.0
"""Seconds between two looks for old sessions in the store."""


class Busy(Exception):
    """The service has as many sessions as it may have."""


class Sessions:
    """Sessions by name; safe to use from any thread.

    A session that is not in memory is restored from a store that outlives the process.

    Args:
        guard: Decides on the calls.
        store: Has the steps of the sessions.
        most: The number of sessions in memory.
        idle: Seconds after which a session that is not used is forgotten, at least a minute.
    """

    def __init__(self, guard: Guard, store: StepStore, most: int, idle: float) -> None:
        self._guard = guard
        self._store = store
        self._most = most
        self._idle = max(idle, 2 * TOUCH)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._swept = 0.0

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, name: str) -> Session | None:
        """Return a session that is in memory."""
        return self._sessions.get(name)

    @contextmanager
    def using(self, name: str, now: float) -> Iterator[Session]:
        """Yield a session, which no other thread uses in the meantime.

        Raises:
            Busy: If there are too many sessions.
            UserError: If the session cannot be restored.
        """
        with self._lock:
            self._sweep(now)
            session = self._sessions.get(name)
            if session is None:
                self._make_room()
                session = Session(self._guard, ready=not self._store.durable)
                self._sessions[name] = session
            self._sessions.move_to_end(name)
            session.seen = now
            session.users += 1
        try:
            with session.lock:
                if not session.ready:
                    session.restore(self._guard, self._store.steps(name))
                yield session
        finally:
            session.users -= 1

    def drop(self, name: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(name, None)
        if self._store.durable:
            self._store.drop(name)

    def _make_room(self) -> None:
        if len(self._sessions) < self._most:
            return
        count = f"{len(self._sessions):,}"
        if not self._store.durable:
            raise Busy(f"there are {count} sessions; end one, or raise the limit")
        # the session that has waited longest; it can be restored
        name = next((n for n, session in self._sessions.items() if not session.users), None)
        if name is None:
            raise Busy(f"all {count} sessions are in use")
        del self._sessions[name]

    def _sweep(self, now: float) -> None:
        """Forget the sessions that have not been used for long."""
        limit = now - self._idle
        while self._sessions:
            name, session = next(iter(self._sessions.items()))
            if session.seen >= limit or session.users:
                break
            del self._sessions[name]
        if now - self._swept > SWEEP:
            self._swept = now
            self._store.forget(limit)
