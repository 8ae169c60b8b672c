"""The guard as a workbench that AutoGen agents are built with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
)
from autogen_agentchat.teams import (
    RoundRobinGroupChat,
)
from autogen_agentchat.tools import AgentTool
from autogen_core.tools import (
    StaticStreamWorkbench,
    StaticWorkbench,
    Workbench,
)
from guarded_autogen import (
    AWAY,
    HARMLESS,
    Disk,
    Loner,
    Model,
    answers,
    bench,
    calls,
    copy,
    guard,
    run,
    stream,
)

from allegiance.adapters.autogen.guard import GuardedWorkbench
from allegiance.guard import Watch


class Remote(Workbench):
    """A workbench as an MCP server's: not of AutoGen's static kind, without streams."""

    def __init__(self, inner: Workbench) -> None:
        for name in ("list_tools", "call_tool", "start", "stop", "reset", "save_state"):
            setattr(self, name, getattr(inner, name))
        self.load_state = inner.load_state  # type: ignore[method-assign]


Remote.__abstractmethods__ = frozenset()


@pytest.mark.parametrize("kind", [bench, lambda disk: Remote(bench(disk))])
def test_a_guarded_workbench_guards_by_itself(kind: Callable[[Disk], Workbench]) -> None:
    disk, watched = Disk(), guard()

    async def main() -> None:
        workbench = GuardedWorkbench(kind(disk), watched, agent="ops")
        turns = (copy(*HARMLESS), copy(*AWAY))
        agent = AssistantAgent("ops", Model(*turns), workbench=workbench, max_tool_iterations=9)
        async with workbench:
            assert [tool["name"] for tool in await workbench.list_tools()] == ["cp"]
            assert (await workbench.load_state(await workbench.save_state())) is None
            await run(agent)
            refused = await workbench.call_tool("cp", {"source": AWAY[0], "target": AWAY[1]})
            await workbench.reset()
        assert [a.is_error for a in answers(agent)] == [False, True]
        assert refused.is_error
        assert "copies weights" in refused.to_text()
        with pytest.raises(TypeError, match="configuration"):
            workbench.dump_component()

    asyncio.run(main())
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watched.findings] == ["ops", "ops"]
    assert [e.kind for e in watched.latest_events].count("tool_result") == 3


def test_workbenches_may_share_a_watch_and_stream_what_agents_in_them_say() -> None:
    disk = Disk()
    watch = Watch(guard("halt"))
    inner = AssistantAgent(
        "ops", Model(copy(*AWAY)), workbench=GuardedWorkbench(bench(disk), watch, "ops")
    )
    tools = StaticStreamWorkbench([AgentTool(inner)])
    boss = AssistantAgent(
        "clerk", Model(calls("ops", task="go")), workbench=GuardedWorkbench(tools, watch, "clerk")
    )
    final = asyncio.run(stream(boss))
    assert {m.source for m in final.messages} >= {"clerk", "ops"}
    called = [(e.actor, e.tool) for e in watch.events if e.kind == "tool_call"]
    assert called == [("clerk", "ops"), ("ops", "cp")]
    assert watch.halted is not None
    assert disk.copied == []


def test_inside_an_attached_guard_the_workbench_stands_back() -> None:
    disk, watched = Disk(), guard()
    workbench = GuardedWorkbench(bench(disk), guard("observe"))
    turns = (copy(*HARMLESS), copy(*AWAY))
    agent = AssistantAgent("ops", Model(*turns), workbench=workbench, max_tool_iterations=9)
    with watched.attach() as watch:
        asyncio.run(run(agent))
        asyncio.run(run(RoundRobinGroupChat([Loner(workbench)], max_turns=1)))
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watch.findings] == ["ops", "agent"]
    kinds = [e.kind for e in watch.events if e.kind.startswith("tool")]
    assert kinds == ["tool_call", "tool_result"] * 3
    assert workbench.watch.events == ()


def test_a_tool_that_breaks_a_stream_is_recorded() -> None:
    class Breaking(StaticWorkbench):
        async def call_tool(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("gone")

    watched = guard()
    workbench = GuardedWorkbench(Breaking([]), watched)
    with pytest.raises(OSError, match="gone"):
        asyncio.run(workbench.call_tool("cp", {"source": "a", "target": "b"}))
    assert [(e.kind, e.ok) for e in watched.latest_events][-1] == ("tool_result", False)
