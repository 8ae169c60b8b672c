"""The time limit of probes: a pool of threads, whatever is raised, and Ctrl-C."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import signal
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from allegiance.guard import Decision, Guard, Watch
from allegiance.guard import time_limit as module
from allegiance.guard.time_limit import MOST_HANGING, THREADS, Interrupted, TimeLimit
from allegiance.trace import Effect, Finding


class Acts:
    """A probe that does something at each call."""

    id = "acts"
    behaviour = "nothing"

    def __init__(self, act: Any) -> None:
        self.act = act

    def __call__(self, view: Any) -> Any:
        return self.act() if view.event.kind == "tool_call" else ()


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no string")


def throw(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("limit", [None, 5.0])
@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        BaseException("x"),
        SystemExit(0),
        GeneratorExit(),
        asyncio.CancelledError(),
        StopIteration(),
        BaseExceptionGroup("many", [KeyboardInterrupt()]),
        Unspeakable(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_probe_raises_is_a_failure_and_a_rejection(
    error: BaseException, limit: float | None
) -> None:
    guard = Guard([Acts(lambda: throw(error))], limit=limit)
    ticket = asyncio.run(Watch(guard).abefore("ops", "t", {}))
    assert not ticket.allowed
    (failure,) = guard.failures
    assert type(error).__name__ in failure


@pytest.fixture
def own_handler() -> Iterator[None]:
    """Restore Python's own handler of Ctrl-C, which a framework may have replaced on import."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("own_handler")
def test_a_ctrl_c_of_a_probe_on_its_thread_is_a_failure_and_one_of_a_person_is_not() -> None:
    guard = Guard([Acts(lambda: throw(KeyboardInterrupt()))])
    assert not Watch(guard).before("ops", "t", {}).allowed
    assert "KeyboardInterrupt" in guard.failures[0]
    for limit in (30.0, None):
        release = threading.Event()

        def press(release: threading.Event = release) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            release.wait(10)
            return ()

        guard = Guard([Acts(press)], limit=limit)
        with pytest.raises(KeyboardInterrupt):
            Watch(guard).before("ops", "t", {})
        release.set()
        assert not guard.failures


def test_waiting_for_a_thread_is_not_time_of_the_probe() -> None:
    barrier = threading.Semaphore(0)
    limit = TimeLimit(0.5)
    outcomes = list[str]()

    def wait() -> None:
        barrier.acquire(timeout=0.2)  # longer than the limit for those at the end of the queue

    def call() -> None:
        try:
            limit(wait)
            outcomes.append("done")
        except TimeoutError:
            outcomes.append("too long")

    callers = [threading.Thread(target=call) for _ in range(6 * THREADS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert outcomes == ["done"] * len(callers)


def test_a_thread_that_hangs_is_replaced_and_too_many_are_refused() -> None:
    limit, release = TimeLimit(0.01), threading.Event()
    for _ in range(MOST_HANGING):
        with pytest.raises(TimeoutError, match=r"longer than 0\.01 s"):
            limit(release.wait)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError, match="earlier calls of probes or bindings still run"):
        limit(lambda: None)
    pool = limit._pool
    assert pool is not None
    release.set()
    for _ in range(1000):
        if not pool.hanging:
            break
        threading.Event().wait(0.01)
    limit._seconds = 5.0
    done = []
    limit(lambda: done.append(1))
    assert (done, pool.hanging, pool.wanted) == ([1], 0, 0)


def test_the_threads_end_with_the_limit() -> None:
    limit = TimeLimit(5.0)
    threads = list[threading.Thread]()
    limit(lambda: threads.append(threading.current_thread()))
    again = copy.deepcopy(limit)
    assert again._pool is None
    gone = weakref.ref(limit)
    del limit
    gc.collect()
    assert gone() is None
    threads[0].join(10)
    assert not threads[0].is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_was_forked_starts_threads_of_its_own() -> None:
    limit = TimeLimit(5.0)
    limit(lambda: None)
    pool = limit._pool
    assert pool is not None
    jobs = pool.jobs
    module._forget_threads()  # what os.fork calls in the new process
    assert (pool.threads, pool.jobs is jobs) == (0, False)
    done = []
    limit(lambda: done.append(1))
    assert done == [1]
    for _ in range(THREADS):
        jobs.put(None)


def test_an_endless_probe_is_stopped_by_its_findings() -> None:
    def endless() -> Iterator[Finding]:
        while True:
            yield Finding(
                probe="acts", behaviour="b", actor="a", seqs=(0,), status="attempted", reason="r"
            )

    guard = Guard([Acts(endless)], limit=60)
    assert not Watch(guard).before("ops", "t", {}).allowed
    assert "more than 1000 findings" in guard.failures[0]


def test_a_fold_that_fails_when_events_go_is_noted() -> None:
    class Folds(Acts):
        def __call__(self, view: Any) -> Any:
            view.before(id(self), self.step, 0)
            return ()

        def step(self, state: int, event: Any) -> int:
            if event.kind == "message" and threading.current_thread().name == "allegiance-guard":
                raise ZeroDivisionError("a fold")
            return state + 1

    folds = Folds(None)
    folds.kinds = ("tool_call",)  # type: ignore[attr-defined]
    guard = Guard([folds], keep_events=4)
    watch = Watch(guard)
    assert watch.before("ops", "t", {}).allowed
    for n in range(10):
        watch.message("ops", str(n))
    assert "a fold failed: ZeroDivisionError: a fold" in guard.failures[0]
    assert not watch.before("ops", "t", {}).allowed


def test_asking_that_raises_something_else_rejects_and_cancelling_cancels() -> None:
    class Flags(Acts):
        def __call__(self, view: Any) -> Any:
            if view.event.kind == "tool_call":
                yield Finding(
                    probe="acts", behaviour="b", actor="a", seqs=(0,), status="attempted", reason=""
                )

    async def cancelled(decision: Decision, event: Any) -> bool:
        raise asyncio.CancelledError

    for ask in (lambda d, e: throw(SystemExit()), cancelled):
        guard = Guard([Flags(None)], "ask", ask=ask)
        assert not Watch(guard).before("ops", "t", {}).allowed
        assert "ask failed" in guard.failures[0]
    guard = Guard([Flags(None)], "ask", ask=cancelled)
    assert not asyncio.run(Watch(guard).abefore("ops", "t", {})).allowed

    async def waits(decision: Decision, event: Any) -> bool:
        await asyncio.sleep(60)
        return True

    async def main() -> None:
        asking = asyncio.ensure_future(
            Watch(Guard([Flags(None)], "ask", ask=waits)).abefore("ops", "t", {})
        )
        await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())


def test_an_interrupted_binding_rejects() -> None:
    from allegiance.bindings import bind

    def plan(args: Any) -> Effect:
        raise SystemExit

    guard = Guard([], bindings=[bind("t", plan)])
    assert not Watch(guard).before("ops", "t", {}).allowed
    assert "Interrupted: raised SystemExit" in guard.failures[0]
    with pytest.raises(Interrupted):
        TimeLimit(None)(lambda: throw(SystemExit()))
