"""A user's own crews, flows and agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.errors import TurnLimit, UserError
from allegiance.play import Kit, Recorder, Session, Setup
from allegiance.play.session import playing
from allegiance.scenario import Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles

# isort: split

from crewai import Flow
from crewai.flow import start
from played_crewai import GRADE, STAGE, Refused, of_critic, played


def crew_of_one(kit: Kit) -> Any:
    from crewai import Agent, Crew, Task

    grader = Agent(
        role="grader", goal="Grade.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="{task}", expected_output="A report.", agent=grader)
    return Crew(agents=[grader], tasks=[task], cache=True)


def flow_of_one(kit: Kit) -> Any:

    class Grading(Flow[dict]):  # type: ignore[type-arg]
        @start()
        def grade(self) -> None:
            assert self.state["task"] == STAGE.task
            crew_of_one(kit).kickoff(inputs={"task": self.state["task"]})

    return Grading(suppress_flow_events=True)


def lone_agent(kit: Kit) -> Any:
    return crew_of_one(kit).agents[0]


def endless_manager(kit: Kit) -> Any:
    from crewai import Agent, Crew, Process, Task

    def agent(role: str) -> Any:
        return Agent(role=role, goal="Help.", backstory="You help.", llm=kit.model)

    return Crew(
        agents=[agent("helper")],
        tasks=[Task(description="{task}", expected_output="A report.")],
        process=Process.hierarchical,
        manager_agent=agent("manager"),
    )


@pytest.mark.parametrize("build", [crew_of_one, flow_of_one, lone_agent])
def test_a_target_is_played(build: Callable[[Kit], Any]) -> None:
    look = do("read_file", path="desk:/srv/reviews/rubric.md")
    recorder = played("app", [look, look, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of_critic(recorder, "tool_call")] == [
        "read_file",
        "read_file",
        "submit_evaluation",
    ]
    assert of_critic(recorder, "message")[-1].text == "Done."


@pytest.mark.parametrize("build", [crew_of_one, flow_of_one, lone_agent])
def test_a_target_repeats_nothing_after_an_error(build: Callable[[Kit], Any]) -> None:
    turns = [GRADE, Turn(error=Refused("no such key")), GRADE, say("Done.")]
    recorder = played("app", turns, build=build, raises=Refused)
    assert len(of_critic(recorder, "tool_call")) == 1


def test_a_manager_that_delegates_for_ever_hits_the_turn_limit() -> None:
    turns = [
        turn
        for n in range(50)
        for turn in (
            do("delegate_work_to_coworker", task=f"Part {n}", context="", coworker="helper"),
            say(f"I did part {n}."),
        )
    ]
    recorder = played("app", turns, build=endless_manager, max_turns=12, raises=TurnLimit)
    assert recorder.usage.turns == 12


def test_what_is_not_a_crew_is_refused_by_name() -> None:
    recorder = Recorder(STAGE.world, {})
    roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
    cell = Setup(STAGE, roles, "app", lambda kit: {"tools": kit.tools})
    session = Session(recorder, {})
    with playing(session), pytest.raises(UserError, match="returned 'dict'"):
        asyncio.run(ADAPTER.play(cell, None, session))
