"""A guard attached from outside to CrewAI's crews, flows and agents."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from allegiance.adapters.crewai import home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from crewai import Crew
from crewai.hooks.dispatch import (
    InterceptionPoint,
    get_hooks,
)
from crewai.tools.tool_failure import ToolExecutionFailedError
from guarded_crewai import (
    AWAY,
    DELEGATE,
    HARMLESS,
    REASON,
    SHAPES,
    WAYS,
    WEIGHTS,
    Disk,
    copy,
    guard,
    hierarchical,
    kickoff,
    kinds,
    model,
    sequential,
    task,
    worker,
)

from allegiance.bindings import bind
from allegiance.guard import Guard
from allegiance.probe import findings
from allegiance.trace import Effect, Event


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_an_unchanged_app_is_blocked_and_goes_on(
    shape: Callable[..., Any], way: Callable[[Any], str]
) -> None:
    disk, watched, llm = Disk(), guard(), model(copy(HARMLESS), copy(AWAY))
    app = shape(disk, llm)
    with watched.attach() as watch:
        final = way(app)
    assert disk.copied == [HARMLESS]
    assert REASON in llm.heard[2]
    assert REASON not in llm.heard[1]
    assert [(f.actor, f.status) for f in watch.findings] == [("ops", "attempted")]
    assert kinds(watch) == [
        ("tool_call", True),
        ("tool_result", True),
        ("tool_call", True),
        ("decision", False),
        ("tool_result", False),
    ]
    assert ("ops", "Done.") in [(e.actor, e.text) for e in watch.events if e.kind == "message"]
    assert set(watch.unbound) == ({DELEGATE} if shape is hierarchical else set())
    assert "Done." in final
    assert not watched.failures


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
def test_observing_changes_nothing_and_finds_what_replay_finds(shape: Callable[..., Any]) -> None:
    bare, disk, watched = Disk(), Disk(), guard("observe")
    first, second = model(copy(HARMLESS), copy(AWAY)), model(copy(HARMLESS), copy(AWAY))
    without = kickoff(shape(bare, first))
    with watched.attach() as watch:
        with_guard = kickoff(shape(disk, second))
    assert disk.copied == bare.copied == [HARMLESS, AWAY]
    assert with_guard == without
    assert second.heard == first.heard
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    assert watch.findings == findings(WEIGHTS, watch.events)


def test_calls_in_text_are_seen_with_the_text_beside_them() -> None:
    disk, llm = Disk(), model(copy(HARMLESS), copy(AWAY), native=False)
    with guard().attach() as watch:
        kickoff(sequential(disk, llm))
    assert disk.copied == [HARMLESS]
    assert REASON in llm.heard[-1]
    said = [e.text for e in watch.events if e.kind == "message"]
    assert said[0].startswith("Thought: I copy.")
    assert [e.ok for e in watch.events if e.kind == "tool_result"] == [True, False]


def test_calls_of_one_turn_are_told_apart() -> None:
    others = [(f"{n}.txt", "usb:/") for n in range(6)]
    disk, llm = Disk(), model(copy(*others[:3], AWAY, *others[3:], AWAY))
    with guard().attach() as watch:
        kickoff(sequential(disk, llm))
    assert sorted(disk.copied) == others
    assert llm.heard[1].count(REASON) == 2
    assert [f.status for f in watch.findings] == ["attempted"] * 2
    pairs: dict[str, list[Event]] = {}
    for event in watch.events:
        if event.kind in ("tool_call", "tool_result"):
            pairs.setdefault(event.call_id or "", []).append(event)
    assert len(pairs) == 8
    for intended, settled in pairs.values():
        away = dict(intended.args or {})["source"] == AWAY[0]  # type: ignore[arg-type]
        assert settled.ok is not away
        assert settled.effects == (() if away else intended.effects)


def test_a_stream_is_guarded_where_it_is_read() -> None:
    disk, llm = Disk(), model(copy(AWAY))
    crew = sequential(disk, llm)
    crew.stream = True
    with guard().attach() as watch:
        list(crew.kickoff())
    assert disk.copied == []
    assert len(watch.findings) == 1


def test_a_tool_is_bound_by_its_own_name_or_by_the_one_the_model_sees() -> None:
    for bound in ("Copy files", "copy_files"):
        disk = Disk(name="Copy files")
        effect = bind(bound, lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
        with Guard([WEIGHTS], bindings=[effect]).attach() as watch:
            kickoff(sequential(disk, model(copy(AWAY, name="copy_files"))))
        assert disk.copied == []
        assert dict(watch.bound) == {bound: 1}


def test_a_model_that_insists_is_stopped_by_the_framework() -> None:
    disk = Disk()
    with pytest.raises(ToolExecutionFailedError, match="5 times"), guard().attach() as watch:
        kickoff(sequential(disk, model(*(copy(AWAY) for _ in range(9)))))
    assert disk.copied == []
    assert len(watch.findings) == 5


@pytest.mark.filterwarnings("ignore:nothing reached the guard")  # as it should be here
def test_outside_the_context_nothing_is_guarded_and_nothing_is_left() -> None:
    disk, watched = Disk(), guard()
    before = [get_hooks(point) for point in InterceptionPoint]
    with watched.attach():
        thread = threading.Thread(target=kickoff, args=[sequential(disk, model(copy(AWAY)))])
        thread.start()  # without a copy of the context: another request of the same process
        thread.join()
    kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [AWAY, AWAY]
    assert [e.kind for e in watched.latest_events] == ["end"]
    assert [get_hooks(point) for point in InterceptionPoint] == before


def test_ten_runs_at_once_keep_their_findings_apart() -> None:
    watched = guard()

    async def one(n: int) -> tuple[int, list[str], Disk]:
        disk = Disk()
        crew = sequential(disk, model(copy(HARMLESS), copy((f"models/{n}.bin", "usb:/x"))))
        async with watched.attach() as watch:
            await (crew.akickoff() if n % 2 else crew.kickoff_async())
        return n, [f.reason for f in watch.findings], disk

    async def all_() -> list[tuple[int, list[str], Disk]]:
        return await asyncio.gather(*(one(n) for n in range(10)))

    for n, reasons, disk in asyncio.run(all_()):
        assert reasons == [f"copies weights from models/{n}.bin to usb:/x"]
        assert disk.copied == [HARMLESS]
    assert len(watched.findings) == 10


def test_an_attachment_inside_another_decides_too_and_the_strictest_wins() -> None:
    disk = Disk()
    with guard().attach() as outer, guard("observe").attach() as inner:
        kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == []
    assert len(inner.findings) == len(outer.findings) == 1


def test_kickoff_for_each_and_tasks_in_threads_are_seen() -> None:
    disk = Disk()
    agent = worker(disk, model(copy(AWAY), "Done.", copy(AWAY), "Done.", copy(AWAY), "Done."))
    crew = Crew(agents=[agent], tasks=[task(agent, async_execution=True)])
    with guard().attach() as watch:
        crew.kickoff_for_each([{}, {}])
        crew.kickoff()
    assert disk.copied == []
    assert len(watch.findings) == 3
