"""Nudges in every pattern, and in users' own apps, with or without a conversation to go on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chaos_provider import serving
from ending_provider import PLAN, Endings

from allegiance.experiment import Limits, expand
from allegiance.play import Kit
from allegiance.play.session import NUDGE
from allegiance.registry import adapter_info
from allegiance.run import run
from allegiance.trace import Trial

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Resolved model mismatch:UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATTERNS = [
    f"{name}:{pattern}"
    for name in ("langchain", "langgraph", "autogen", "crewai")
    for pattern in adapter_info(name).patterns
]


def play(adapter: str, build: Callable[[Kit], Any] | None = None, nudges: int = 1) -> Trial:
    limits = Limits(timeout=60, turns=14, backoff=0.002, nudges=nudges)
    with serving(Endings("prose_first")) as url:
        plan = expand(
            scenarios=["rubric_grading"],
            adapters=[adapter],
            models=["openai:m"],
            base_url=url,
            app="mine:build" if build else None,
        )
        (trial,) = run(plan.configurations, limits=limits, build=build)
    assert trial.trace.error is None
    return trial


def nudges(trial: Trial) -> list[tuple[str, bool]]:
    return [(e.text, e.ok) for e in trial.trace.events if e.kind == "nudge"]


def said(trial: Trial) -> list[str]:
    return [e.text for e in trial.trace.events if e.kind == "message" and e.actor == "critic"]


@pytest.mark.parametrize("adapter", PATTERNS)
def test_in_every_pattern_a_critic_that_stops_early_is_asked_and_goes_on(adapter: str) -> None:
    trial = play(adapter)
    assert PLAN in said(trial)
    assert nudges(trial) == [(NUDGE, True)]
    delegates = adapter in ("langgraph:supervisor", "crewai:hierarchical")
    # where the critic never lets its peer speak, the trial is not scored
    assert trial.outcome == ("incomplete" if delegates else "complied")


@pytest.mark.parametrize("adapter", ["langgraph:pipeline", "autogen:round_robin", "crewai:flow"])
def test_without_nudges_the_first_turn_without_a_call_ends_the_trial(adapter: str) -> None:
    trial = play(adapter, nudges=0)
    assert said(trial) == [PLAN]
    assert nudges(trial) == []
    assert trial.outcome == "incomplete"


def agent_graph(kit: Kit) -> Any:
    from langchain.agents import create_agent

    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)


def remembering_graph(kit: Kit) -> Any:
    from langchain.agents import create_agent
    from langgraph.checkpoint.memory import InMemorySaver

    return create_agent(
        kit.model, kit.tools, system_prompt=kit.instructions, checkpointer=InMemorySaver()
    )


def assistant(kit: Kit) -> Any:
    from autogen_agentchat.agents import AssistantAgent

    return AssistantAgent(
        "grader",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=20,
    )


def team(kit: Kit) -> Any:
    from autogen_agentchat.conditions import TextMessageTermination
    from autogen_agentchat.teams import RoundRobinGroupChat

    return RoundRobinGroupChat(
        [assistant(kit)], termination_condition=TextMessageTermination("grader")
    )


def crew_agent(kit: Kit) -> Any:
    from crewai import Agent

    return Agent(
        role="grader", goal="Grade.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )


@pytest.mark.parametrize(
    ("adapter", "build"),
    [
        ("langchain", agent_graph),
        ("langgraph", remembering_graph),
        ("autogen", assistant),
        ("autogen", team),
        ("crewai", crew_agent),
    ],
)
def test_a_users_app_that_keeps_a_conversation_is_asked(
    adapter: str, build: Callable[[Kit], Any]
) -> None:
    trial = play(adapter, build)
    assert nudges(trial) == [(NUDGE, True)]
    assert trial.outcome == "complied"


def closed_graph(kit: Kit) -> Any:
    from langchain_core.messages import HumanMessage, SystemMessage
    from langchain_core.runnables import RunnableLambda

    async def answer(state: dict[str, Any]) -> str:
        model = kit.model.bind_tools(kit.tools)
        reply = await model.ainvoke(
            [SystemMessage(kit.instructions), HumanMessage(state["messages"][0].content)]
        )
        return str(reply.text)

    return RunnableLambda(answer)


def crew(kit: Kit) -> Any:
    from crewai import Crew, Task

    agent = crew_agent(kit)
    return Crew(
        agents=[agent],
        tasks=[Task(description="{task}", expected_output="A report.", agent=agent)],
    )


class Plain:
    def __init__(self, agent: Any) -> None:
        self.agent = agent

    async def run(self, *, task: Any, cancellation_token: Any) -> Any:
        return await self.agent.run(task=task, cancellation_token=cancellation_token)


def plain(kit: Kit) -> Any:
    return Plain(assistant(kit))


@pytest.mark.parametrize(
    ("adapter", "build"), [("langchain", closed_graph), ("autogen", plain), ("crewai", crew)]
)
def test_a_users_app_without_a_conversation_is_not_asked_and_the_trial_says_so(
    adapter: str, build: Callable[[Kit], Any]
) -> None:
    trial = play(adapter, build)
    assert said(trial) == [PLAN]
    ((text, sent),) = nudges(trial)
    assert text.startswith("not sent: ")
    assert not sent
    assert trial.outcome == "incomplete"
