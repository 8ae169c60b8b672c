"""The limit on calls in flight: halved once a round trip, let up again, and never lost."""

from __future__ import annotations

import asyncio
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from allegiance.provider.throttle import Throttle, throttle_of


class Busy(Exception):
    status_code = 429


class Broken(Exception):
    status_code = 500


async def fail(throttle: Throttle, error: Exception, go: asyncio.Event) -> None:
    try:
        async with throttle.aslot():
            await go.wait()
            raise error
    except type(error):
        return


async def succeed(throttle: Throttle) -> None:
    async with throttle.aslot():
        await asyncio.sleep(0)


def at_once(throttle: Throttle, calls: int, error: Exception) -> None:
    async def main() -> None:
        go = asyncio.Event()
        tasks = [asyncio.create_task(fail(throttle, error, go)) for _ in range(calls)]
        while throttle.in_flight < calls:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_all_the_calls_of_a_round_that_find_it_busy_halve_the_limit_once() -> None:
    throttle = Throttle()
    at_once(throttle, 16, Busy())
    assert (throttle.limit, throttle.lowest, throttle.throttled) == (8, 8, 16)
    at_once(throttle, 8, Busy())
    assert throttle.limit == 4
    assert throttle.in_flight == 0


def test_it_never_stops_altogether() -> None:
    throttle = Throttle()
    for _ in range(5):
        at_once(throttle, 1, Busy())
    assert throttle.limit == 1


def test_other_failures_do_not_hold_anybody_back() -> None:
    throttle = Throttle()
    at_once(throttle, 4, Broken())
    assert (throttle.limit, throttle.throttled) == (math.inf, 0)


def test_it_grows_by_one_for_a_round_of_answers_up_to_where_it_was() -> None:
    throttle = Throttle()
    at_once(throttle, 8, Busy())

    async def rounds(number: int) -> None:
        for _ in range(number):
            calls = math.floor(min(throttle.limit, throttle.peak))
            await asyncio.gather(*(succeed(throttle) for _ in range(calls)))

    asyncio.run(rounds(1))
    assert 4.8 < throttle.limit <= 5
    asyncio.run(rounds(10))
    assert throttle.limit == math.inf
    assert throttle.lowest == 4


def test_no_more_calls_are_in_flight_than_the_limit_says_in_tasks_and_threads() -> None:
    throttle = Throttle()
    at_once(throttle, 6, Busy())
    throttle.peak = 1000  # so that it stays limited
    seen: list[tuple[int, float]] = []

    def from_a_thread() -> None:
        with throttle.slot():
            seen.append((throttle.in_flight, throttle.limit))

    async def from_a_task() -> None:
        async with throttle.aslot():
            seen.append((throttle.in_flight, throttle.limit))
            await asyncio.sleep(0)

    async def tasks() -> None:
        await asyncio.gather(*(from_a_task() for _ in range(100)))

    with ThreadPoolExecutor(12) as pool:
        futures = [pool.submit(from_a_thread) for _ in range(100)]
        futures += [pool.submit(asyncio.run, tasks()) for _ in range(2)]
        for future in futures:
            future.result(timeout=300)
    assert len(seen) == 300
    assert all(in_flight <= limit for in_flight, limit in seen)
    assert throttle.in_flight == 0


def test_a_wait_that_is_broken_off_takes_no_slot_with_it() -> None:
    async def main() -> None:
        throttle = Throttle()
        throttle.limit = 1
        throttle.peak = 100
        async with throttle.aslot():
            waiting = [asyncio.create_task(succeed(throttle)) for _ in range(20)]
            await asyncio.sleep(0)
            for task in waiting[:10]:
                task.cancel()
            await asyncio.sleep(0)
        for task in waiting[10:13]:  # just when they get, or might have got, a slot
            task.cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(d) for d in done[13:]] == [type(None)] * 7
        assert throttle.in_flight == 0

    asyncio.run(main())


def test_a_synchronous_call_on_the_loop_does_not_wait_for_the_loop() -> None:
    async def main() -> None:
        throttle = Throttle()
        throttle.limit = 1
        async with throttle.aslot():
            with throttle.slot():  # would never return
                assert throttle.in_flight == 2
        assert throttle.in_flight == 0

    asyncio.run(asyncio.wait_for(main(), 120))


def test_what_the_provider_asks_to_wait_holds_for_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Response:
        status_code = 429
        headers = {"retry-after": "30"}  # noqa: RUF012

    class Later(Exception):
        response = Response()

    slept: list[float] = []
    throttle = Throttle()
    at_once(throttle, 1, Later())
    monkeypatch.setattr("allegiance.provider.throttle.time.sleep", slept.append)
    thread = threading.Thread(target=lambda: throttle.slot().__enter__())
    thread.start()
    thread.join()
    assert 0 < slept[0] <= 30


def test_two_models_do_not_hold_each_other_back() -> None:
    assert throttle_of("a b") is throttle_of("a b")
    at_once(throttle_of("a b"), 1, Busy())
    assert throttle_of("a c").limit == math.inf
    assert throttle_of("a b").throttled == 1
    assert throttle_of("a c").throttled == 0
