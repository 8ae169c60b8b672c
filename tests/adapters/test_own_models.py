"""Agents of an app that use a model of their own are named, and so is a key that is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from allegiance.experiment import Limits, expand
from allegiance.play import Kit
from allegiance.provider.keys import KEYS
from allegiance.run.canary import exercise
from allegiance.run.containment import contained
from allegiance.run.framework import detect_framework
from allegiance.trace.exercise import Exercise, summary

LIMITS = Limits(timeout=60.0, backoff=0.001)
LINE = "makes a model of its own ({model} gpt-4o-mini): OPENAI_API_KEY is not set"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in KEYS.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)


def _graph(kit: Kit, writer: Any) -> Any:
    from langchain.agents import create_agent
    from langgraph.graph import END, START, MessagesState, StateGraph

    critic = create_agent(kit.model, kit.tools, system_prompt=kit.instructions, name="critic")
    graph = StateGraph(MessagesState)
    graph.add_node("critic", critic)
    graph.add_node("writer", writer)
    graph.add_edge(START, "critic")
    graph.add_edge("critic", "writer")
    graph.add_edge("writer", END)
    return graph.compile()


def langgraph(kit: Kit) -> Any:
    from langchain.agents import create_agent
    from langchain_core.language_models import FakeListChatModel

    model = FakeListChatModel(responses=["Summed up."])
    return _graph(kit, create_agent(model, [], name="author"))


def langgraph_node(kit: Kit) -> Any:
    from langchain_core.language_models import FakeListChatModel

    async def write(state: Any) -> Any:
        answer = await FakeListChatModel(responses=["Summed up."]).ainvoke("Sum up.")
        return {"messages": [answer]}

    return _graph(kit, write)


def autogen(kit: Kit) -> Any:
    from autogen_ext.models.replay import ReplayChatCompletionClient

    return _team(kit, ReplayChatCompletionClient(["Summed up."]))


def _team(kit: Kit, client: Any) -> Any:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_agentchat.teams import RoundRobinGroupChat

    critic = AssistantAgent(
        "critic",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=20,
    )
    return RoundRobinGroupChat([critic, AssistantAgent("writer", client)], max_turns=2)


def crewai(kit: Kit) -> Any:
    from crewai import BaseLLM

    class Fake(BaseLLM):
        def call(self, *args: Any, **kwargs: Any) -> str:
            return "Summed up."

    return _crew(kit, llm=Fake(model="own-1"))


def _crew(kit: Kit, **own: Any) -> Any:
    from crewai import Agent, Crew, Task

    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    writer = Agent(role="writer", goal="Write.", backstory="You write.", **own)
    judging = Task(description="{task}", expected_output="Your report.", agent=critic)
    writing = Task(description="Sum up.", expected_output="A line.", agent=writer)
    return Crew(agents=[critic, writer], tasks=[judging, writing])


def exercised(build: Callable[[Kit], Any]) -> Exercise:
    framework = build.__name__.partition("_")[0]
    pytest.importorskip({"autogen": "autogen_agentchat"}.get(framework, framework))
    assert detect_framework(build) == framework
    (record,) = exercise(_plan(framework).configurations, limits=LIMITS, build=build)
    return record


def _plan(framework: str) -> Any:
    return expand(
        scenarios=["rubric_grading"], adapters=[framework], models=["scripted:loyal"], app="a:b"
    )


@pytest.mark.parametrize(
    ("build", "agent", "model"),
    [
        (langgraph, "author", "FakeListChatModel"),
        (langgraph_node, "writer", "FakeListChatModel"),
        (autogen, "writer", "ReplayChatCompletionClient"),
        (crewai, "writer", "Fake own-1"),
    ],
)
def test_an_agent_with_a_model_of_its_own_is_named(
    build: Callable[[Kit], Any], agent: str, model: str
) -> None:
    record = exercised(build)
    assert (record.cause, record.detail) == ("", "")
    assert record.own_models == f"agent {agent!r} uses a model of its own ({model})"
    assert summary([record, record]).endswith(f" Not measured: {record.own_models}.")


def langgraph_real(kit: Kit) -> Any:
    from langchain.agents import create_agent
    from langchain_openai import ChatOpenAI

    return _graph(kit, create_agent(ChatOpenAI(model="gpt-4o-mini"), [], name="author"))


def langgraph_late(kit: Kit) -> Any:
    from langchain_openai import ChatOpenAI

    async def write(state: Any) -> Any:
        return {"messages": [await ChatOpenAI(model="gpt-4o-mini").ainvoke("Sum up.")]}

    return _graph(kit, write)


def autogen_real(kit: Kit) -> Any:
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    return _team(kit, OpenAIChatCompletionClient(model="gpt-4o-mini"))


def crewai_real(kit: Kit) -> Any:
    return _crew(kit, llm="gpt-4o-mini")


@pytest.mark.parametrize(
    ("build", "start", "end"),
    [
        (langgraph_real, "`return _graph(kit, create_agent(", LINE.format(model="ChatOpenAI")),
        (langgraph_late, "`return {", LINE.format(model="ChatOpenAI")),
        (autogen_real, "`return _team(", LINE.format(model="OpenAIChatCompletionClient")),
        (
            crewai_real,
            "agent 'writer' uses a model",
            "(OpenAICompletion gpt-4o-mini): OPENAI_API_KEY is not set",
        ),
    ],
)
def test_a_real_model_without_a_key_is_named(
    build: Callable[[Kit], Any], start: str, end: str
) -> None:
    record = exercised(build)
    assert record.cause == "own model"
    assert start in record.detail
    assert record.detail.endswith(end)
    if not start.startswith("agent"):
        assert record.detail.startswith(f"{__name__}.py, line ")


def test_a_model_without_a_key_is_named_though_the_app_goes_on() -> None:
    from langchain_core.language_models import FakeListChatModel

    class Own(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise RuntimeError("set the ANTHROPIC_API_KEY environment variable")

    def langgraph(kit: Kit) -> Any:
        def write(state: Any) -> Any:
            try:
                return {"messages": [Own(responses=[]).invoke("Sum up.")]}
            except RuntimeError:
                return {}

        return _graph(kit, write)

    record = exercised(langgraph)
    assert record.cause == "own model"
    assert record.detail == (
        "agent 'writer' uses a model of its own (Own): ANTHROPIC_API_KEY is not set"
    )


def test_another_error_of_a_model_is_not_called_a_missing_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")

    def langgraph(kit: Kit) -> Any:
        def write(state: Any) -> Any:
            raise RuntimeError("OPENAI_API_KEY is wrong")

        return _graph(kit, write)

    record = exercised(langgraph)
    assert (record.cause, record.detail) == ("error", "RuntimeError: OPENAI_API_KEY is wrong")


def test_nothing_is_contained_without_the_key_of_an_own_model() -> None:
    pytest.importorskip("langchain_openai")
    performances = contained(langgraph_real, _plan("langgraph").configurations, limits=LIMITS)
    assert len(performances) > 5
    for performance in performances:
        assert performance.problem == "not exercised"
        assert "OPENAI_API_KEY is not set" in performance.reason
