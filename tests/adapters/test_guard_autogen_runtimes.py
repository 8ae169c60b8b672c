"""A guard on AutoGen apps in runtimes, threads and contexts of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
    SocietyOfMindAgent,
)
from autogen_agentchat.teams import (
    RoundRobinGroupChat,
)
from autogen_core import SingleThreadedAgentRuntime
from autogen_core.tools import (
    StaticWorkbench,
)
from guarded_autogen import (
    AWAY,
    HARMLESS,
    Disk,
    Model,
    Shape,
    agent_as_tool,
    copy,
    filtered,
    guard,
    ops,
    round_robin,
    run,
    says,
    shapes,
    single,
    society,
)

from allegiance.adapters.autogen import guard as guard_autogen
from allegiance.guard import GuardBypassed


async def in_runtime(build: Callable[[SingleThreadedAgentRuntime], Any], attach: Any) -> Any:
    """Run a team in a runtime that was started before the guard was attached."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    team = build(runtime)
    async with attach(team) as watch:
        await run(team)
    await runtime.stop_when_idle()
    return watch


@pytest.mark.parametrize("shape", [single, agent_as_tool, society, filtered])
def test_a_runtime_started_outside_is_warned_of_and_can_be_passed(shape: Shape) -> None:
    agents: list[Any] = []

    def build(disk: Disk) -> Callable[[SingleThreadedAgentRuntime], Any]:
        def team(runtime: SingleThreadedAgentRuntime) -> Any:
            agents.append(ops(disk, copy(*HARMLESS), copy(*AWAY)))
            inner = shape(agents[-1])
            return RoundRobinGroupChat([inner], max_turns=1, runtime=runtime)

        return team

    disk, watched = Disk(), guard()
    with pytest.warns(GuardBypassed, match="started outside"):
        watch = asyncio.run(in_runtime(build(disk), lambda team: watched.attach()))
    assert disk.copied == [HARMLESS, AWAY]
    assert "cp" in watch.missed.values()

    disk, watched = Disk(), guard()
    watch = asyncio.run(in_runtime(build(disk), watched.attach))
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watch.findings] == ["ops"]
    assert watch.missed == {}
    assert "I copy." in [e.text for e in watch.events]
    assert not {"on_messages", "on_messages_stream"} & set(vars(agents[-1]))


@shapes
def test_agents_are_found_at_any_depth(shape: Shape) -> None:
    agent = ops(Disk())
    apps = [shape(agent), AssistantAgent("x", Model(), workbench=[StaticWorkbench([])]), "no app"]
    assert agent in guard_autogen._agents(apps, {})


@pytest.mark.filterwarnings("ignore:nothing reached the guard")  # as it should be here
def test_a_runtime_started_under_another_guard_is_guarded_by_the_one_that_it_is_passed_to() -> None:
    disk, old, new = Disk(), guard("observe"), guard()

    async def main() -> None:
        runtime = SingleThreadedAgentRuntime()
        with old.attach():
            runtime.start()
        agent = ops(disk, copy(*AWAY))
        inner = RoundRobinGroupChat([agent], max_turns=1, runtime=runtime)
        app = SocietyOfMindAgent("society", inner, Model())
        with new.attach(app):
            await inner.run(task="go")
        await runtime.stop_when_idle()

    asyncio.run(main())
    assert disk.copied == []
    assert (len(old.findings), len(new.findings)) == (0, 1)


@pytest.mark.filterwarnings("ignore:nothing reached the guard")  # as it should be here
def test_a_run_belongs_to_the_guard_of_its_own_context() -> None:
    disk, first, second = Disk(), guard(), guard()
    team = round_robin(ops(disk, copy(*AWAY)))

    async def other(entered: asyncio.Event, leave: asyncio.Event) -> None:
        with second.attach(team):
            entered.set()
            await leave.wait()

    async def main() -> None:
        entered, leave = asyncio.Event(), asyncio.Event()
        with first.attach(team):
            task = asyncio.create_task(other(entered, leave))
            await entered.wait()
            await run(team)
            leave.set()
            await task

    asyncio.run(main())
    assert (len(first.findings), len(second.findings)) == (1, 0)


@pytest.mark.filterwarnings("ignore:nothing reached the guard")  # as it should be here
def test_a_team_that_is_passed_may_be_run_from_anywhere_while_another_guard_sees_it_too() -> None:
    disk, first, second = Disk(), guard(), guard()
    agent = ops(disk, copy(*AWAY), says("Done."), copy(*AWAY), says("Done."), copy(*AWAY))
    team = round_robin(agent)

    async def main() -> None:
        go, done = asyncio.Event(), asyncio.Event()

        async def server() -> None:  # its context knows no guard
            while True:
                await go.wait()
                go.clear()
                await run(team)
                done.set()

        async def ask_server() -> None:
            go.set()
            await done.wait()
            done.clear()

        serving = asyncio.create_task(server())
        one, two = first.attach(team), second.attach(team)
        await one.__aenter__()
        await two.__aenter__()
        await ask_server()
        await one.__aexit__(None, None, None)
        await ask_server()
        await two.__aexit__(None, None, None)
        assert disk.copied == []
        await ask_server()
        serving.cancel()

    asyncio.run(main())
    assert (len(first.findings), len(second.findings)) == (1, 2)
    assert disk.copied == [AWAY]
    assert not {"on_messages", "on_messages_stream"} & set(vars(agent))
