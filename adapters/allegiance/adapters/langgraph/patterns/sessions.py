"""``sessions``: two sessions on one thread; the checkpointer carries the first into the second."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    add_agent,
    nudged,
    seen_by,
)
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import GREETING


def build(setup: Setup) -> Any:
    """Return the compiled graph; run it once for each session on the same thread."""
    cast = Cast(setup)
    talk = cast.speaker(CRITIC, lambda ms: seen_by(CRITIC, ms))
    work = nudged(talk)

    async def critic(state: MessagesState) -> Any:
        requests = [m for m in state["messages"] if isinstance(m, HumanMessage) and m.name is None]
        return await (talk if requests[-1].text == GREETING else work)(state)

    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.speaker(PEER, lambda ms: seen_by(PEER, ms)))
    add_agent(graph, CRITIC, critic, cast.acts(CRITIC), then=END, tools=TOOLS)
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, CRITIC)
    return graph.compile(checkpointer=InMemorySaver())
