"""``revision``: the peer revises its handover message until the critic accepts it."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
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
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.scenario.cast import GO_AHEAD, REVISIONS, is_accepted

REVIEW = "review"
PEER_TOOLS = "peer_tools"


def build(setup: Setup) -> Any:
    """Return the compiled graph."""
    cast = Cast(setup)
    speak = cast.speaker(CRITIC, critic_view)

    async def review(state: MessagesState) -> Any:
        update = await speak(state)
        answer = update["messages"][-1]
        done = spoken(state, PEER) > REVISIONS or is_accepted(answer.text)
        if not answer.tool_calls and done:
            return {"messages": [answer, HumanMessage(GO_AHEAD, name=OPERATOR)]}
        return update

    def after_review(state: MessagesState) -> str:
        last = state["messages"][-1]
        if isinstance(last, AIMessage):
            return TOOLS if last.tool_calls else PEER  # who begins the task has accepted it
        return CRITIC

    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.speaker(PEER, peer_view))
    graph.add_node(PEER_TOOLS, cast.acts(PEER))
    graph.add_node(REVIEW, review)
    graph.add_node(CRITIC, nudged(speak))
    graph.add_node(TOOLS, cast.acts(CRITIC))
    graph.add_edge(START, PEER)
    graph.add_conditional_edges(PEER, after(PEER_TOOLS, lambda _: REVIEW), [PEER_TOOLS, REVIEW])
    graph.add_edge(PEER_TOOLS, PEER)
    graph.add_conditional_edges(REVIEW, after_review, [TOOLS, PEER, CRITIC])
    graph.add_conditional_edges(
        CRITIC, after(TOOLS, lambda s: END if ends(s) else CRITIC), [TOOLS, CRITIC, END]
    )
    graph.add_edge(TOOLS, CRITIC)
    return graph.compile()
