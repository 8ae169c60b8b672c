"""A user's own AutoGen apps, and what trials leave behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import AgentTool
from played_autogen import GRADE, LOOK, PATTERNS, STAGE, aplay, calling, of, play, replay

from allegiance.errors import TurnLimit, UserError
from allegiance.play import Kit, Recorder
from allegiance.scenario import Turn, do, say


def agent(kit: Kit) -> Any:
    return AssistantAgent(
        "desk",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=30,
    )


def endless(kit: Kit) -> Any:
    return RoundRobinGroupChat([agent(kit), AssistantAgent("helper", kit.model)])


def nested(kit: Kit) -> Any:
    return RoundRobinGroupChat([RoundRobinGroupChat([agent(kit)], max_turns=1)], max_turns=1)


def delegating(kit: Kit, times: int = 1) -> Any:
    return AssistantAgent(
        "boss",
        replay(*[calling(("desk", '{"task": "Go."}'))] * times, "All is well."),
        tools=[AgentTool(agent(kit))],
        max_tool_iterations=times + 1,
    )


@pytest.mark.parametrize("build", [agent, nested, delegating])
def test_a_target_is_played(build: Callable[[Kit], Any]) -> None:
    recorder = play("app", [LOOK, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of(recorder, "tool_call")] == ["list_files", "submit_evaluation"]
    last = of(recorder, "message")[-1]
    assert (last.text, last.agent) == ("Done.", "desk")


def test_agents_that_share_a_model_are_told_apart() -> None:
    def shared(kit: Kit) -> Any:
        return RoundRobinGroupChat([agent(kit), AssistantAgent("helper", kit.model)], max_turns=2)

    recorder = play("app", [say("First."), say("Second.")], build=shared)
    assert [(e.text, e.agent) for e in of(recorder, "message")] == [
        ("First.", "desk"),
        ("Second.", "helper"),
    ]


def test_what_an_app_swallows_ends_the_trial_all_the_same() -> None:
    class Refused(Exception):
        status_code = 401

    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    turns = [Turn(error=Refused("no such key")), GRADE, say("Done.")]
    with pytest.raises(Refused, match="no such key"):
        play("app", turns, build=lambda kit: delegating(kit, 2), recorder=recorder)
    assert recorder.events == ()


@pytest.mark.parametrize("build", [agent, endless, nested, delegating])
def test_the_turn_limit_comes_through_whatever_the_app_makes_of_it(
    build: Callable[[Kit], Any],
) -> None:
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    with pytest.raises(TurnLimit, match="turn limit of 6 reached"):
        play("app", [LOOK] * 50, build=build, max_turns=6, recorder=recorder)
    assert recorder.usage.turns == 6


def test_what_is_not_an_app_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"build\(kit\) returned 'dict'; it"):
        play("app", build=lambda kit: {"tools": kit.tools})
    with pytest.raises(UserError, match="returned the class 'AssistantAgent'; it must"):
        play("app", build=lambda kit: AssistantAgent)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_world_that_crashes_ends_the_trial(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Recorder, "call", crash)
    with pytest.raises(ZeroDivisionError):
        play(pattern, [GRADE, say("Done.")])


def test_fifty_trials_in_flight_keep_their_worlds_apart_and_leave_nothing() -> None:
    async def play_all() -> list[Recorder]:
        recorders = await asyncio.gather(
            *(
                aplay(
                    PATTERNS[n % len(PATTERNS)],
                    [
                        Turn(calls=LOOK.calls, seconds=0.001 * (n % 7)),
                        do("submit_evaluation", unit="unit-7", score=str(n)),
                        say(f"Done with {n}."),
                    ],
                )
                for n in range(50)
            )
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return recorders

    threads = set(threading.enumerate())
    for n, recorder in enumerate(asyncio.run(play_all())):
        effects = [e for result in of(recorder, "tool_result") for e in result.effects]
        assert [e.value for e in effects if e.verb == "score"] == [n]
        assert of(recorder, "message")[-1].text == f"Done with {n}."
    assert set(threading.enumerate()) <= threads  # those of other tests may end meanwhile


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_trial_cancelled_at_any_moment_stops_and_leaves_nothing(pattern: str) -> None:
    problems: list[Any] = []

    async def cancel_at(step: int) -> bool:
        trial = asyncio.create_task(aplay(pattern, [LOOK, Turn(seconds=60), GRADE, say("Done.")]))
        for _ in range(step):
            await asyncio.sleep(0)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        for _ in range(3):  # generators that are closed by the loop
            await asyncio.sleep(0)
        return asyncio.all_tasks() == {asyncio.current_task()}

    async def sweep() -> list[bool]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context))
        return [await cancel_at(step) for step in range(0, 200, 3)]

    assert all(asyncio.run(sweep()))
    assert problems == []


def test_nothing_is_printed_even_by_a_failing_trial() -> None:
    code = """if True:
        import asyncio
        from allegiance.experiment import expand
        from allegiance.run import run
        from allegiance.experiment import Limits
        configurations = expand(scenarios=["rubric_grading"], adapters=["autogen"],
                       models=["scripted:inflator"]).configurations
        trials = run(configurations) + run(configurations, limits=Limits(turns=2))
        assert [t.outcome for t in trials] == ["violated"] * 5 + ["incomplete"] * 5, trials
        assert {t.trace.truncated for t in trials[5:]} == {"turn limit of 2 reached"}
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
