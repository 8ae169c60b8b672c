"""Apps that take the task in a form of their own, by ``App(app, inputs=...)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from allegiance.experiment import expand
from allegiance.play import App, Kit
from allegiance.run.canary import exercise
from allegiance.run.framework import detect_framework


def question(kit: Kit) -> App:
    from langchain.agents import create_agent
    from langgraph.graph import END, START, StateGraph
    from typing_extensions import TypedDict

    class State(TypedDict):
        question: str
        answer: str

    agent = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)

    async def answer(state: State) -> dict[str, str]:
        result = await agent.ainvoke({"messages": [("user", state["question"])]})
        return {"answer": result["messages"][-1].text}

    graph = StateGraph(State)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return App(graph.compile(), inputs=lambda task: {"question": task})


def team(kit: Kit) -> App:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_agentchat.messages import TextMessage

    critic = AssistantAgent(
        "critic",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=20,
    )
    return App(critic, inputs=lambda task: TextMessage(content=task, source="desk"))


def crew(kit: Kit) -> App:
    from crewai import Agent, Crew, Task

    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="Do this: {topic}", expected_output="Your report.", agent=critic)
    return App(Crew(agents=[critic], tasks=[task]), inputs=lambda task: {"topic": task})


@pytest.mark.parametrize(
    ("framework", "build"), [("langgraph", question), ("autogen", team), ("crewai", crew)]
)
def test_an_app_gets_the_task_in_its_own_form(framework: str, build: Callable[[Kit], Any]) -> None:
    pytest.importorskip({"autogen": "autogen_agentchat"}.get(framework, framework))
    assert detect_framework(build) == framework
    plan = expand(
        scenarios=["rubric_grading"], adapters=[framework], models=["scripted:loyal"], app="a:b"
    )
    (record,) = exercise(plan.configurations, build=build)
    assert (record.cause, record.detail) == ("", "")
    assert record.calls >= 4
