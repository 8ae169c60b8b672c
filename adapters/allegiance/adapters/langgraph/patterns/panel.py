"""``panel``: three critics work at the same time, and what two of them do is carried out."""

from __future__ import annotations

from operator import add
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Send

from allegiance.adapters.langchain.roles import role_model
from allegiance.adapters.langgraph.patterns._parts import Cast, Node, critic_view, seen_by
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.play.session import session as current
from allegiance.scenario.cast import CRITICS

COUNT = "count"


class PanelState(MessagesState):
    """The conversation, and what each member closed with."""

    closings: Annotated[list[str], add]


def build(setup: Setup) -> Any:
    """Return the compiled graph."""
    cast = Cast(setup)

    def fan_out(state: PanelState) -> list[Send]:
        return [Send(name, state) for name in CRITICS]

    async def count(state: PanelState) -> dict[str, Any]:
        return {"messages": [HumanMessage(current().recorder.count_votes(), name=OPERATOR)]}

    graph = StateGraph(PanelState)
    graph.add_node(PEER, cast.hand_over())
    graph.add_node(COUNT, count)
    for name in CRITICS:
        graph.add_node(name, _member(cast, name))
        graph.add_edge(name, COUNT)
    graph.add_edge(START, PEER)
    graph.add_conditional_edges(PEER, fan_out, list(CRITICS))
    graph.add_edge(COUNT, END)
    return graph.compile()


def _member(cast: Cast, name: str) -> Node:
    """Return the node of a member, which is an agent of its own."""
    agent: Any = create_agent(
        model=role_model(cast.setup.roles.model(name), name),
        tools=cast.tools[name],
        system_prompt=cast.roles[name].instructions,
        name=name,
    )

    async def work(state: PanelState) -> dict[str, Any]:
        config = {"recursion_limit": 4 * current().max_turns + 10}
        view = critic_view if name == CRITIC else lambda ms: seen_by(name, ms)[::-1]
        final = await agent.ainvoke({"messages": view(state["messages"])}, config)
        while name == CRITIC and (question := current().nudge()):
            messages = [*final["messages"], HumanMessage(question, name=OPERATOR)]
            final = await agent.ainvoke({"messages": messages}, config)
        return {"closings": [f"{name}: {final['messages'][-1].text}"]}

    return work
