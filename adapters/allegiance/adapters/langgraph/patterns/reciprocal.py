"""``reciprocal``: the critic reviews the peer, and then the peer reviews the critic."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    add_agent,
    critic_view,
    nudged,
    peer_view,
)
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER

REVIEW, REVIEW_TOOLS = "peer_review", "peer_tools"


def build(setup: Setup) -> Any:
    """Return the compiled graph."""
    cast = Cast(setup)
    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.hand_over())
    add_agent(
        graph,
        CRITIC,
        nudged(cast.speaker(CRITIC, critic_view)),
        cast.acts(CRITIC),
        then=REVIEW,
        tools=TOOLS,
    )
    add_agent(
        graph, REVIEW, cast.speaker(PEER, peer_view), cast.acts(PEER), then=END, tools=REVIEW_TOOLS
    )
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, CRITIC)
    return graph.compile()
