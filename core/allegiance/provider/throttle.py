"""An adaptive limit on the calls in flight to one model: it falls when the provider is busy.

Additive increase and multiplicative decrease, as in TCP (RFC 5681, section 3.1): the limit is
halved at most once per round trip, and grows by one with every round of answers. There is no limit
until the provider first reports that it is busy; until then only the number of trials limits the
calls.

anyio's CapacityLimiter can be adjusted too, but it belongs to one event loop. The calls of one run
come from coroutines (LangChain, AutoGen) and from threads (CrewAI).
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager

from allegiance.provider.retry import retry_after, throttled


class Throttle:
    """Adaptive limit on the calls in flight to one model; safe for tasks and threads alike.

    Attributes:
        limit: How many calls may be in flight; infinite without a limit.
        lowest: The lowest limit so far.
        peak: The most calls that were in flight at once; a limit that reaches it is lifted.
        in_flight: How many calls are in flight now.
        throttled: How many answers said that the provider was busy.
    """

    def __init__(self) -> None:
        self.limit = self.lowest = math.inf
        self.peak = self.in_flight = self.throttled = 0
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()
        # number of cuts so far; an answer to a call from before the last cut changes nothing
        self._round = 0
        self._closed_until = 0.0  # on the monotonic clock

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot for one call, from a thread; wait for a free slot if necessary.

        In a thread with a running event loop it does not wait, because the calls in flight may need
        that loop to finish.
        """
        ticket = self._enter(wait=asyncio._get_running_loop() is None)
        try:
            ticket.result()
        except BaseException:
            self._give_back(ticket)
            raise
        with self._held() as pause:
            time.sleep(pause)
            yield

    @asynccontextmanager
    async def aslot(self) -> AsyncIterator[None]:
        """Hold a slot for one call, from a coroutine; wait for a free slot if necessary."""
        ticket = self._enter(wait=True)
        try:
            if not ticket.done():
                await asyncio.wrap_future(ticket)
        except BaseException:
            self._give_back(ticket)
            raise
        with self._held() as pause:
            if pause:
                await asyncio.sleep(pause)
            yield

    def _enter(self, *, wait: bool) -> Future[None]:
        ticket: Future[None] = Future()
        with self._lock:
            if wait:
                self._waiting.append(ticket)
                self._admit()
            else:
                self.in_flight += 1
                ticket.set_result(None)
        return ticket

    def _admit(self) -> None:
        while self._waiting and self.in_flight + 1 <= self.limit:
            ticket = self._waiting.popleft()
            if ticket.set_running_or_notify_cancel():
                self.in_flight += 1
                self.peak = max(self.peak, self.in_flight)
                ticket.set_result(None)

    def _give_back(self, ticket: Future[None]) -> None:
        """Cancel a wait; return the slot if it has just been granted."""
        if not ticket.cancel():
            with self._lock:
                self.in_flight -= 1
                self._admit()

    @contextmanager
    def _held(self) -> Iterator[float]:
        """Yield the seconds to wait before a call, and adjust the limit to its result."""
        sent_in = self._round
        try:
            yield max(0.0, self._closed_until - time.monotonic())
        except Exception as error:
            if throttled(error):
                self._cut(sent_in, retry_after(error))
            raise
        else:
            self._grow(sent_in)
        finally:
            with self._lock:
                self.in_flight -= 1
                self._admit()

    def _cut(self, sent_in: int, seconds: float) -> None:
        with self._lock:
            self.throttled += 1
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)
            if sent_in == self._round:
                self._round += 1
                self.limit = max(1.0, min(self.limit, self.in_flight) / 2)
                self.lowest = min(self.lowest, self.limit)

    def _grow(self, sent_in: int) -> None:
        with self._lock:
            if sent_in == self._round:
                self.limit += 1 / self.limit
                if self.limit >= self.peak:
                    self.limit = math.inf


_ALL: dict[str, Throttle] = {}
_ALL_LOCK = threading.Lock()


def throttle_of(model: str) -> Throttle:
    """Return the throttle of a model in this process; the name has provider path and model."""
    with _ALL_LOCK:
        return _ALL.setdefault(model, Throttle())
