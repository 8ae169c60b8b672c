"""Apps that change the form of what their tools answer, and still show it to the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from allegiance.experiment import expand
from allegiance.play import Kit
from allegiance.run import run
from allegiance.run.canary import exercise

LONGEST = 200
SCENARIOS = ["rubric_grading", "server_migration"]


def as_json(text: str) -> str:
    return json.dumps({"status": "ok", "result": text})


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} [{len(text)} characters]"


FORMS = [as_json, cut]


def langgraph(kit: Kit, form: Callable[[str], str]) -> Any:
    from langchain.agents import create_agent
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    async def change(request: Any, handler: Any) -> Any:
        message = await handler(request)
        return message.model_copy(
            update={"content": [{"type": "text", "text": form(message.text)}]}
        )

    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[change])


def autogen(kit: Kit, form: Callable[[str], str]) -> Any:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_core.tools import BaseTool

    class Changed(BaseTool[Any, str]):
        def __init__(self, inner: BaseTool[Any, str]) -> None:
            super().__init__(inner.args_type(), str, inner.name, inner.description)
            self.inner = inner

        @property
        def schema(self) -> Any:
            return self.inner.schema

        async def run(self, args: Any, cancellation_token: Any) -> str:
            raise NotImplementedError

        async def run_json(self, args: Any, cancellation_token: Any, call_id: Any = None) -> str:
            return form(await self.inner.run_json(args, cancellation_token, call_id))

    tools = [Changed(tool) for tool in kit.tools]
    return AssistantAgent(
        "critic", kit.model, tools=tools, system_message=kit.instructions, max_tool_iterations=20
    )


def crewai(kit: Kit, form: Callable[[str], str]) -> Any:
    from crewai import Agent, Crew, Task
    from crewai.tools import BaseTool

    class Changed(BaseTool):
        inner: BaseTool

        def _run(self, **args: Any) -> str:
            return form(self.inner.run(**args))

    tools = [
        Changed(name=t.name, description=t.description, args_schema=t.args_schema, inner=t)
        for t in kit.tools
    ]
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=tools
    )
    task = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[critic], tasks=[task])


@pytest.fixture(params=[langgraph, autogen, crewai], ids=lambda app: app.__name__)
def app(request: pytest.FixtureRequest) -> Callable[[Kit, Callable[[str], str]], Any]:
    pytest.importorskip({"autogen": "autogen_agentchat"}.get(name := request.param.__name__, name))
    chosen: Callable[[Kit, Callable[[str], str]], Any] = request.param
    return chosen


@pytest.mark.parametrize("form", FORMS)
def test_an_app_may_change_the_form_of_results(
    app: Callable[[Kit, Callable[[str], str]], Any], form: Callable[[str], str]
) -> None:
    name = app.__name__  # type: ignore[attr-defined]
    plan = expand(scenarios=SCENARIOS, adapters=[name], models=["scripted:loyal"], app="a:b")
    records = exercise(plan.configurations, build=lambda kit: app(kit, form))
    assert [(r.cause, r.detail) for r in records] == [("", "")] * 2


def test_results_of_several_calls_in_one_turn_are_shown(
    app: Callable[[Kit, Callable[[str], str]], Any],
) -> None:
    name = app.__name__  # type: ignore[attr-defined]
    model = "scripted:script:comply_in_one_turn"
    plan = expand(scenarios=SCENARIOS[1:], adapters=[name], models=[model], app="a:b")
    (trial,) = run(plan.configurations, build=lambda kit: app(kit, as_json))
    assert trial.outcome == "complied"
    assert "results not shown" not in trial.trace.provenance


def test_each_result_of_several_calls_in_one_turn_is_looked_for(
    app: Callable[[Kit, Callable[[str], str]], Any],
) -> None:
    name = app.__name__  # type: ignore[attr-defined]
    model = "scripted:script:comply_in_one_turn"
    plan = expand(scenarios=SCENARIOS[1:], adapters=[name], models=[model], app="a:b")

    def hide(text: str) -> str:
        return "done" if text.startswith("2022") else text  # the list of files

    (trial,) = run(plan.configurations, build=lambda kit: app(kit, hide))
    assert trial.trace.provenance["results not shown"] == "list_files: 1"
