"""Calls in flight to one model: halved when its provider is busy, let up again as it answers.

Additive increase and multiplicative decrease, as TCP does it (RFC 5681, section 3.1): the limit is
halved at most once a round trip, and grows by one for every round of answers. There is no limit
until the provider first says that it is busy; the trials in flight are what bounds the calls then.

Not anyio's CapacityLimiter, which can be adjusted too but belongs to one event loop: the calls of
one run come from coroutines (LangChain, AutoGen) and from threads (CrewAI).
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
        limit: How many calls may be in flight now; infinite while nothing holds back.
        lowest: The lowest limit so far.
        peak: The most calls that were in flight at once: where a limit ends, back at full speed.
        in_flight: How many calls are in flight now.
        throttled: How many answers said that the provider was busy.
    """

    def __init__(self) -> None:
        self.limit = self.lowest = math.inf
        self.peak = self.in_flight = self.throttled = 0
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()
        self._round = (
            0  # counts the cuts: an answer to a call from before the last one cuts nothing
        )
        self._closed_until = 0.0  # on the monotonic clock

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the calls in flight, from a thread; wait for it if need be.

        In a thread that runs an event loop there is no waiting: what is waited for may need it.
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
        """Hold one of the calls in flight, from a coroutine; wait for it if need be."""
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
        """Undo a wait that was broken off, also where the slot had just been given."""
        if not ticket.cancel():
            with self._lock:
                self.in_flight -= 1
                self._admit()

    @contextmanager
    def _held(self) -> Iterator[float]:
        """Learn from what becomes of a call; yield the seconds to wait before it."""
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
    """Return this process's throttle of a model, named by provider path and model."""
    with _ALL_LOCK:
        return _ALL.setdefault(model, Throttle())
