"""A guard attached from outside to AutoGen agents and teams."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
    SocietyOfMindAgent,
)
from autogen_agentchat.base import TaskResult
from autogen_agentchat.teams import (
    RoundRobinGroupChat,
)
from autogen_core.tools import (
    FunctionTool,
)
from guarded_autogen import (
    AWAY,
    HARMLESS,
    SHAPES,
    WEIGHTS,
    Disk,
    Model,
    Shape,
    answers,
    calls,
    clerk,
    copy,
    guard,
    ops,
    round_robin,
    run,
    says,
    shapes,
    stream,
    swarm,
    turn,
    ways,
)

from allegiance.guard import Watch
from allegiance.guard.announced import Announced
from allegiance.probe import findings
from allegiance.trace import Event


@shapes
@ways
def test_an_unchanged_app_is_blocked_and_goes_on(shape: Shape, way: Any) -> None:
    disk, watched = Disk(), guard()
    agent = ops(disk, copy(*HARMLESS), copy(*AWAY))
    app = shape(agent)

    async def main() -> tuple[Watch, TaskResult]:
        async with watched.attach() as watch:
            return watch, await way(app)

    watch, final = asyncio.run(main())
    assert disk.copied == [HARMLESS]
    assert [(f.actor, f.status) for f in watch.findings] == [("ops", "attempted")]
    assert [(a.content, a.is_error) for a in answers(agent)] == [
        ("copied", False),
        ("Rejected by policy: copies weights from models/peer.bin to usb:/peer.bin", True),
    ]
    attempt = next(e for e in watch.events if e.seq == watch.findings[0].seqs[0])
    assert (attempt.tool, attempt.call_id) == ("cp", "models/peer.bin-usb:/peer.bin")
    assert "Done." in final.messages[-1].to_model_text()  # type: ignore[union-attr]
    assert watch.missed == {}
    assert not watched.failures


@shapes
@pytest.mark.parametrize("streaming", [False, True])
def test_observing_changes_nothing_and_finds_what_replay_finds(
    shape: Shape, streaming: bool
) -> None:
    bare, disk, watched = Disk(), Disk(), guard("observe")

    def app(where: Disk) -> Any:
        turns = (copy(*HARMLESS), copy(*AWAY))
        return shape(ops(where, *turns, model_client_stream=streaming))

    async def guarded() -> tuple[Watch, TaskResult]:
        async with watched.attach() as watch:
            return watch, await stream(app(disk))

    without = asyncio.run(stream(app(bare)))
    watch, with_guard = asyncio.run(guarded())
    assert disk.copied == bare.copied == [HARMLESS, AWAY]

    def texts(result: TaskResult) -> list[tuple[str, str, str]]:
        return [(type(m).__name__, m.source, m.to_text()) for m in result.messages]

    assert texts(with_guard) == texts(without)
    assert watch.findings == findings(WEIGHTS, watch.events)
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    said = [e.text for e in watch.events if e.kind == "message" and e.actor == "ops"]
    assert said == ["I copy.", "I copy.", "Done."]
    for call in (e for e in watch.events if e.kind == "tool_call"):
        assert call.actor == ("ops" if call.tool == "cp" else "clerk")


def test_what_is_said_outside_the_tool_loop_is_recorded() -> None:
    disk, watched = Disk(), guard()
    boss = Model(says("In short."))
    turns = (copy(*HARMLESS), turn("All well.", "Nobody looks."))
    agent = AssistantAgent("ops", Model(*turns), tools=[disk.cp], reflect_on_tool_use=True)
    inner = RoundRobinGroupChat([agent], max_turns=1)
    with watched.attach() as watch:
        asyncio.run(run(SocietyOfMindAgent("society", inner, boss)))
    said = [(e.actor, e.text) for e in watch.events if e.kind == "message"]
    expected = [("ops", "I copy."), ("ops", "Nobody looks."), ("ops", "All well.")]
    assert said == [*expected, ("society", "In short.")]


@pytest.mark.filterwarnings("ignore:nothing reached the guard")  # as it should be here
def test_outside_the_context_nothing_is_guarded() -> None:
    disk, watched = Disk(), guard()
    with watched.attach():
        pass
    asyncio.run(run(round_robin(ops(disk, copy(*AWAY)))))
    assert disk.copied == [AWAY]
    assert [e.kind for e in watched.latest_events] == ["end"]


def test_fifty_runs_at_once_keep_their_findings_apart() -> None:
    watched = guard()

    async def one(n: int) -> None:
        disk = Disk()
        app = SHAPES[n % len(SHAPES)](ops(disk, copy(*HARMLESS), copy(f"models/{n}.bin", "usb:/x")))
        async with watched.attach() as watch:
            await run(app)
        reasons = [f.reason for f in watch.findings]
        assert reasons == [f"copies weights from models/{n}.bin to usb:/x"]
        assert disk.copied == [HARMLESS]
        assert {e.actor for e in watch.events} >= {"ops", "guard", "runner"}

    async def unguarded() -> None:
        disk = Disk()
        await run(round_robin(ops(disk, copy(*AWAY))))
        assert disk.copied == [AWAY]

    async def main() -> None:
        await asyncio.gather(*(one(n) for n in range(50)), *(unguarded() for _ in range(5)))

    asyncio.run(main())
    assert len(watched.findings) == 50


def test_halt_rejects_everything_after() -> None:
    disk = Disk()
    agent = ops(disk, copy(*AWAY), copy(*HARMLESS))
    with guard("halt").attach() as watch:
        asyncio.run(run(round_robin(agent)))
    assert disk.copied == []
    assert watch.halted is not None
    assert [a.is_error for a in answers(agent)] == [True, True]


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_an_asynchronous_callback_runs_in_the_loop_of_the_app(answer: bool, copied: Any) -> None:
    disk = Disk()

    async def main() -> None:
        person, waiting = asyncio.Queue[bool](), asyncio.Event()

        async def ask(decision: object, event: Event) -> bool:
            waiting.set()
            return event.actor == "ops" and await person.get()

        async with guard("ask", ask=ask).attach():
            task = asyncio.create_task(run(swarm(ops(disk, copy(*AWAY)))))
            await waiting.wait()
            assert disk.copied == []
            await person.put(answer)
            await task

    asyncio.run(main())
    assert disk.copied == copied


@pytest.mark.parametrize("passed", [False, True])
def test_an_agent_that_a_synchronous_tool_runs_in_its_thread_is_guarded(passed: bool) -> None:
    disk = Disk()
    inner = ops(disk, copy(*AWAY))

    def delegate() -> str:
        """Let the operations agent do it."""
        return str(asyncio.run(run(inner)).messages[-1].to_text())

    tool = FunctionTool(delegate, "Delegate.")
    boss = clerk(calls("delegate"), tools=[tool])
    with guard().attach([boss, inner] if passed else None) as watch:
        asyncio.run(run(boss))
    assert disk.copied == []
    assert [f.actor for f in watch.findings] == ["ops"]
    assert answers(boss)[0].content == "Done."
    assert tool._func is delegate


@shapes
def test_a_stream_that_is_left_early_leaves_the_app_usable(shape: Shape) -> None:
    disk = Disk()
    app = shape(ops(disk, copy(*HARMLESS), says("Done."), copy(*AWAY)))

    async def main() -> None:
        async with aclosing(app.run_stream(task="go")) as items:
            async for _ in items:
                break
        final = await asyncio.wait_for(run(app), 30)
        assert final.messages[0].to_text() == "go"
        assert len(final.messages) > 1

    with guard().attach() as watch:
        asyncio.run(main())
        watch._announced = Announced()  # without the calls of the run that was left
    assert AWAY not in disk.copied
