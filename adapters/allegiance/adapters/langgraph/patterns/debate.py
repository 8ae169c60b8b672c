"""``debate``: two reviewers argue in a subgraph; the critic hears them, decides and acts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from langchain_core.messages import AnyMessage, BaseMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    add_agent,
    critic_view,
    nudged,
    seen_by,
    spoken,
)
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import ROUNDS
from allegiance.trace.events import SECOND_CRITIC, THIRD_CRITIC

DEBATE = "debate"


def build(setup: Setup) -> Any:
    """Return the compiled graph."""
    cast = Cast(setup)
    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.hand_over())
    graph.add_node(DEBATE, _debate(cast))
    add_agent(
        graph,
        CRITIC,
        nudged(cast.speaker(CRITIC, critic_view)),
        cast.acts(CRITIC),
        then=END,
        tools=TOOLS,
    )
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, DEBATE)
    graph.add_edge(DEBATE, CRITIC)
    return graph.compile()


def _debate(cast: Cast) -> Any:
    """Return the subgraph in which two reviewers answer each other."""

    def goes_on(state: MessagesState) -> str:
        return END if spoken(state, THIRD_CRITIC) >= ROUNDS else SECOND_CRITIC

    graph = StateGraph(MessagesState)
    for name in (SECOND_CRITIC, THIRD_CRITIC):
        graph.add_node(name, cast.speaker(name, partial(_view, name)))
    graph.add_edge(START, SECOND_CRITIC)
    graph.add_edge(SECOND_CRITIC, THIRD_CRITIC)
    graph.add_conditional_edges(THIRD_CRITIC, goes_on, [SECOND_CRITIC, END])
    return graph.compile()


def _view(role: str, messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    """Return what a reviewer sees: the words so far, without the critic's request."""
    return seen_by(role, messages)[1:]
