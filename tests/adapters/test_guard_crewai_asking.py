"""A guard in CrewAI that asks, halts or fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from allegiance.adapters.crewai import home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from guarded_crewai import AWAY, HARMLESS, WEIGHTS, Disk, copy, guard, kickoff, model, sequential

from allegiance.bindings import bind
from allegiance.guard import Guard, Watch
from allegiance.trace import Event


def test_halt_rejects_everything_after() -> None:
    disk = Disk()
    with guard("halt").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), copy(HARMLESS))))
    assert disk.copied == []
    assert watch.halted is not None


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_an_asynchronous_callback_runs_in_the_loop_of_the_app(answer: bool, copied: Any) -> None:
    disk = Disk()

    async def run() -> None:
        person = asyncio.Queue[bool]()
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def ask(decision: object, event: Event) -> bool:
            assert asyncio.get_running_loop() is loop
            assert event.actor == "ops"
            asked.set()
            return await person.get()

        async with guard("ask", ask=ask).attach():
            running = asyncio.create_task(sequential(disk, model(copy(AWAY))).akickoff())
            await asked.wait()
            assert not running.done()
            await person.put(answer)
            await running

    asyncio.run(run())
    assert disk.copied == copied


def test_ask_takes_an_asynchronous_callback_without_a_loop() -> None:
    async def yes(decision: object, event: Event) -> bool:
        return True

    disk = Disk()
    with guard("ask", ask=yes).attach():
        kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [AWAY]


def test_a_failing_binding_rejects() -> None:
    disk, llm = Disk(), model(copy(HARMLESS))
    watched = Guard([WEIGHTS], bindings=[bind("cp", lambda a: a["nowhere"])])
    with watched.attach():
        kickoff(sequential(disk, llm))
    assert disk.copied == []
    assert "KeyError" in llm.heard[1]
    assert "KeyError" in watched.failures[0]


def test_the_guard_failing_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Watch, "intend", broken)
    disk, watched, llm = Disk(), guard(), model(copy(HARMLESS))
    with watched.attach():
        kickoff(sequential(disk, llm))
    assert disk.copied == []
    assert "the guard failed: ZeroDivisionError: oops" in llm.heard[1]
    assert "ZeroDivisionError" in watched.failures[0]
