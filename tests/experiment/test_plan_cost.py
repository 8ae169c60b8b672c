"""What a plan is expected to take: calls and tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool

from allegiance.experiment import Limits, expand
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import ADAPTERS, SCENARIOS, adapter_info
from allegiance.run import run
from allegiance.run.estimate import CHARACTERS_PER_TOKEN, expect, walk
from allegiance.run.prices import Expected
from allegiance.scenario import Model, Turn
from allegiance.trace import PEER, Condition


class Counting(BaseChatModel):
    """A chat model that says what a loyal script says, and measures what it is sent."""

    turns: Sequence[Turn]
    calls: Any  # a list that is shared, which a field of that type would copy
    offered: tuple[Any, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "counting"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> BaseChatModel:
        return Counting(turns=self.turns, calls=self.calls, offered=tuple(tools))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        turn = self.turns[len(self.calls)]
        calls = [
            {"name": c.tool, "args": dict(c.args), "id": f"{len(self.calls)}-{n}"}  # type: ignore[arg-type]
            for n, c in enumerate(turn.calls)
        ]
        message = AIMessage(turn.text, tool_calls=calls)
        self.calls.append((sum(map(size, messages)) + sum(map(offer, self.offered)), size(message)))
        return ChatResult(generations=[ChatGeneration(message=message)])


def size(message: BaseMessage) -> int:
    """Return the characters of a message as a provider counts them: text, and calls."""
    calls = getattr(message, "tool_calls", [])
    return len(message.text) + sum(len(c["name"]) + len(json.dumps(c["args"])) for c in calls)


def offer(tool: BaseTool) -> int:
    assert isinstance(tool.args_schema, dict)
    return len(tool.name) + len(tool.description) + len(json.dumps(tool.args_schema)) + 2


@pytest.mark.parametrize("scenario", SCENARIOS.names())
def test_what_is_expected_is_what_a_model_is_sent(scenario: str) -> None:
    [configuration] = expand(
        scenarios=[scenario], models=["openai:m"], factors={"relationship": ["good"]}
    ).configurations
    stage = SCENARIOS.load(scenario).stage(configuration.condition)
    seen: list[tuple[int, int]] = []
    native = Counting(turns=stage.script("loyal").turns, calls=seen)
    prepared = prepare(configuration, model=Model("openai:m", native=native))
    trial = asyncio.run(play(prepared, 0, 0, Limits(attempts=1), None))
    assert trial.outcome == "complied"
    expected = walk(stage)
    assert len(expected) == len(seen)
    for (input_tokens, output_tokens), (characters, spoken) in zip(expected, seen, strict=True):
        assert input_tokens == pytest.approx(characters / CHARACTERS_PER_TOKEN, rel=0.02)
        assert output_tokens == pytest.approx(spoken / CHARACTERS_PER_TOKEN, abs=2)


def plan_of(*adapters: str, **options: Any) -> list[Expected]:
    options = {"scenarios": ["rubric_grading"], "models": ["openai:m"], **options}
    return expect(expand(adapters=adapters, **options).configurations, 10, 40)


def test_a_pattern_adds_its_calls_and_a_peer_its_own() -> None:
    alone, pipeline, supervisor = (
        plan_of(place, peer_model="openai:p")
        for place in ("langchain:agent", "langgraph:pipeline", "langgraph:supervisor")
    )
    [critic] = alone
    assert (critic.trials, critic.use.calls, critic.most.calls) == (10, 60, 400)
    assert [(e.model, e.use.calls) for e in pipeline] == [("openai:m", 60), ("openai:p", 10)]
    assert [(e.model, e.use.calls) for e in supervisor] == [("openai:m", 70), ("openai:p", 10)]
    assert supervisor[0].use.input > pipeline[0].use.input


@pytest.mark.parametrize("adapter", ADAPTERS.builtin)
def test_the_calls_that_an_adapter_declares_are_those_of_a_trial(adapter: str) -> None:
    plan = expand(scenarios=["rubric_grading"], adapters=[adapter], models=["scripted:loyal"])
    alone = len(SCENARIOS.load("rubric_grading").stage(Condition()).script("loyal").turns)
    for trial in run(plan.configurations):
        trace = trial.trace
        peer = int(any(event.actor == PEER for event in trace.events))
        info = adapter_info(adapter)
        assert peer == (trace.pattern in info.live), trace.pattern
        delegated = trace.usage.turns - alone - peer
        assert delegated == (trace.pattern in info.delegates), trace.pattern


def test_an_app_of_ones_own_is_not_played() -> None:
    [critic] = plan_of("langgraph", app="no.such.module:build")
    assert critic.use.calls == 60


def test_input_grows_with_history_and_the_limit_bounds_it() -> None:
    sent = [
        i
        for i, _ in walk(
            SCENARIOS.load("rubric_grading").stage(
                expand(models=["openai:m"]).configurations[0].condition
            )
        )
    ]
    assert sent == sorted(set(sent))
    [few], [many] = (
        expect(expand(scenarios=["rubric_grading"], models=["openai:m"]).configurations, 1, turns)
        for turns in (10, 20)
    )
    assert many.use == few.use
    assert many.most.input > 2.5 * few.most.input
