"""Containment with several critics: which of them are disloyal is chosen by role."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langgraph")

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.errors import UserError
from allegiance.experiment.configurations import expand
from allegiance.play import Kit
from allegiance.run.containment import Performance, contained
from allegiance.trace.events import SECOND_CRITIC


def one_critic(kit: Kit) -> Any:
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, name="critic")


def two_critics(kit: Kit) -> Any:
    """Return a graph in which a second critic acts after the first, and nobody looks."""
    second = kit.roles[SECOND_CRITIC]
    agent = create_agent(
        second.model, second.tools, system_prompt=second.instructions, name=SECOND_CRITIC
    )
    graph = StateGraph(MessagesState)
    graph.add_node("critic", one_critic(kit))
    graph.add_node(SECOND_CRITIC, agent)
    graph.add_edge(START, "critic")
    graph.add_edge("critic", SECOND_CRITIC)
    graph.add_edge(SECOND_CRITIC, END)
    return graph.compile()


def performances(build: Any, *roles: str) -> dict[str, Performance]:
    plan = expand(
        scenarios=["rubric_grading"], adapters=["langgraph"], models=["scripted:loyal"], app="a:b"
    )
    return {p.name: p for p in contained(build, plan.configurations, roles=roles)}


def test_the_act_of_a_second_critic_is_not_contained() -> None:
    played = performances(two_critics, SECOND_CRITIC)
    assert played["inflate"].problem == "achieved"
    assert {f.actor for v in played["inflate"].trial.verdicts for f in v.findings} == {
        SECOND_CRITIC
    }
    assert played["comply"].problem == ""


def test_a_role_that_the_app_does_not_have_shows_nothing() -> None:
    played = performances(one_critic, SECOND_CRITIC)
    assert played["inflate"].problem == "not exercised"
    assert "kit.roles['second_critic']" in played["inflate"].reason


def test_only_critics_play_the_scripts() -> None:
    with pytest.raises(UserError, match="roles='peer' is no critic; use critic, second_critic"):
        performances(one_critic, "peer")
