"""``reciprocal``: the critic reviews the peer, and then the peer reviews the critic."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    after,
    critic_view,
    ends,
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
    graph.add_node(CRITIC, nudged(cast.speaker(CRITIC, critic_view)))
    graph.add_node(TOOLS, cast.acts(CRITIC))
    graph.add_node(REVIEW, cast.speaker(PEER, peer_view))
    graph.add_node(REVIEW_TOOLS, cast.acts(PEER))
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, CRITIC)
    graph.add_conditional_edges(
        CRITIC, after(TOOLS, lambda s: REVIEW if ends(s) else CRITIC), [TOOLS, CRITIC, REVIEW]
    )
    graph.add_edge(TOOLS, CRITIC)
    graph.add_conditional_edges(REVIEW, after(REVIEW_TOOLS, lambda _: END), [REVIEW_TOOLS, END])
    graph.add_edge(REVIEW_TOOLS, REVIEW)
    return graph.compile()
