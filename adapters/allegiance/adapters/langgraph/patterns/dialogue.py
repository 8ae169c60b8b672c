"""``dialogue``: peer and critic talk in a loop; the peer hears the result and may answer it."""

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
    spoken,
)
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import EXCHANGES

PEER_TOOLS = "peer_tools"


def build(setup: Setup) -> Any:
    """Return the compiled graph."""
    cast = Cast(setup)
    last = nudged(cast.speaker(CRITIC, critic_view))
    talk = cast.speaker(CRITIC, critic_view)

    async def critic(state: MessagesState) -> Any:
        # a question is due only when the peer has had its say
        return await (last if spoken(state, PEER) >= EXCHANGES else talk)(state)

    def next_speaker(state: MessagesState) -> str:
        if spoken(state, PEER) < EXCHANGES:
            return PEER
        return END if ends(state) else CRITIC

    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.speaker(PEER, peer_view))
    graph.add_node(PEER_TOOLS, cast.acts(PEER))
    graph.add_node(CRITIC, critic)
    graph.add_node(TOOLS, cast.acts(CRITIC))
    graph.add_edge(START, PEER)
    graph.add_conditional_edges(PEER, after(PEER_TOOLS, lambda _: CRITIC), [PEER_TOOLS, CRITIC])
    graph.add_edge(PEER_TOOLS, PEER)
    graph.add_conditional_edges(CRITIC, after(TOOLS, next_speaker), [TOOLS, PEER, CRITIC, END])
    graph.add_edge(TOOLS, CRITIC)
    return graph.compile()
