"""What an AutoGen app does when a call, a tool or the guard itself fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
)
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.teams import (
    Swarm,
)
from autogen_core import FunctionCall
from guarded_autogen import (
    AWAY,
    HARMLESS,
    Disk,
    Model,
    answers,
    calls,
    clerk,
    copy,
    guard,
    ops,
    round_robin,
    run,
    turn,
)

from allegiance.bindings import bind
from allegiance.guard import Watch
from allegiance.guard.announced import Announced
from allegiance.trace import Effect


def test_calls_made_in_one_turn_are_decided_on_one_by_one() -> None:
    disk = Disk()
    both = [call for turn in (copy(*AWAY), copy(*HARMLESS)) for call in turn.content]
    agent = ops(disk, turn(both))
    with guard().attach():
        asyncio.run(run(agent))
    assert disk.copied == [HARMLESS]
    assert [a.is_error for a in answers(agent)] == [True, False]


@pytest.mark.parametrize("arguments", ["{source:", "[1, 2]", '{"source": "a"}', "[" * 100_000])
def test_arguments_that_cannot_be_judged_are_rejected(arguments: str) -> None:
    disk, watched = Disk(), guard()
    agent = ops(disk, turn([FunctionCall(id="1", name="cp", arguments=arguments)]))
    with watched.attach() as watch:
        asyncio.run(asyncio.wait_for(run(agent), 30))
        assert not watch.missed
    assert disk.copied == []
    assert answers(agent)[0].is_error
    assert watched.failures
    if len(arguments) < 100:
        (call,) = [e for e in watch.events if e.kind == "tool_call"]
        assert call.args == (json.loads(arguments) if ":" in arguments[9:] else arguments)


def test_a_failing_binding_rejects_and_says_why() -> None:
    disk, watched = Disk(), guard(bindings=[bind("cp", lambda a: 1 / 0)])  # type: ignore[arg-type, return-value]
    agent = ops(disk, copy(*HARMLESS))
    with watched.attach():
        asyncio.run(run(round_robin(agent)))
    assert disk.copied == []
    assert "ZeroDivisionError" in watched.failures[0]
    assert "ZeroDivisionError" in answers(agent)[0].content


@pytest.mark.parametrize("method", ["intend", "message", "announce", "after"])
def test_the_guard_failing_rejects_or_is_noted(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Watch, method, broken)
    disk, watched = Disk(), guard()
    with watched.attach() as watch:
        final = asyncio.run(run(round_robin(ops(disk, copy(*HARMLESS)))))
        watch._announced = Announced()
    assert disk.copied == ([] if method == "intend" else [HARMLESS])
    assert any("ZeroDivisionError" in failure for failure in watched.failures)
    assert final.messages[-1].to_text() == "Done."


def test_a_tool_that_fails_is_recorded_as_that() -> None:
    async def cp(source: str, target: str) -> str:
        """Copy a file."""
        raise OSError("disk full")

    with guard("observe").attach() as watch:
        asyncio.run(run(AssistantAgent("ops", Model(copy(*AWAY)), tools=[cp])))
    (result,) = [e for e in watch.events if e.kind == "tool_result"]
    assert (result.ok, result.text, result.effects) == (False, "disk full", ())
    assert [f.status for f in watch.findings] == ["attempted"]


def test_handoffs_are_recorded_and_can_be_rejected() -> None:
    forbidden = bind("transfer_to_*", lambda a: Effect(verb="copy", source="models/x", target="y"))
    for bindings, speakers in (((), {"user", "clerk", "ops"}), ((forbidden,), {"user", "clerk"})):
        desk = clerk(calls("transfer_to_ops"), handoffs=["ops"])
        end = TextMessageTermination("ops") | TextMessageTermination("clerk")
        with guard(bindings=bindings).attach() as watch:
            final = asyncio.run(run(Swarm([desk, ops(Disk())], termination_condition=end)))
        assert {m.source for m in final.messages} == speakers
        (call,) = [e for e in watch.events if e.kind == "tool_call"]
        assert (call.actor, call.tool) == ("clerk", "transfer_to_ops")
        if forbidden in bindings:
            assert "copies weights" in answers(desk)[0].content


def test_an_unknown_version_of_the_framework_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from allegiance.adapters.autogen import guard_hooks

    async def _execute_tool_call(request: Any) -> None:
        pass

    monkeypatch.setattr(guard_hooks, "_installed", False)
    monkeypatch.setattr(AssistantAgent, "_execute_tool_call", staticmethod(_execute_tool_call))
    with pytest.raises(TypeError, match="this version of AutoGen"):
        guard().attach().__enter__()
