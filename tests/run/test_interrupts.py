"""Ctrl-C while worker processes play."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from allegiance.experiment import Limits, expand
from allegiance.play.prepared import prepare
from allegiance.run.interrupts import Interrupts, no_interrupt
from allegiance.run.pool import in_turn
from allegiance.run.processes import play_in_processes


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    """Handle Ctrl-C as Python does by default; for tests in the background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def swallow(_: object) -> None:
    """Get a Ctrl-C where an exception is lost, as in a serializer that compiled code calls."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_whose_exception_would_be_lost_ends_the_run() -> None:
    plan = expand(scenarios=["rubric_grading"], models=["scripted:loyal"], adapters=["langgraph"])
    jobs = in_turn([prepare(c) for c in plan.configurations], 50)
    stream = play_in_processes(
        jobs, seed=0, concurrency=2, workers=1, limits=Limits(), on_trial=swallow
    )
    with pytest.raises(KeyboardInterrupt):
        list(stream)
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_is_raised_at_once() -> None:
    interrupts = Interrupts()
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()
    interrupts.close()


def test_the_handler_of_an_app_stays_in_place() -> None:
    calls: list[int] = []

    def handler(number: int, _: object) -> None:
        calls.append(number)

    signal.signal(signal.SIGINT, handler)
    interrupts = Interrupts()
    signal.raise_signal(signal.SIGINT)
    interrupts.check()
    interrupts.close()
    assert calls == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_than_the_main_one_notes_nothing() -> None:
    handlers: list[object] = []

    def open_and_close() -> None:
        interrupts = Interrupts()
        handlers.append(signal.getsignal(signal.SIGINT))
        interrupts.check()
        interrupts.close()

    thread = threading.Thread(target=open_and_close)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no signal masks")
def test_a_process_that_is_started_meanwhile_never_gets_an_interrupt() -> None:
    code = "import signal; signal.raise_signal(signal.SIGINT); print('goes on')"
    with no_interrupt():
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert child.stdout == "goes on\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
