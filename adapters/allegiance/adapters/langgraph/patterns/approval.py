"""``approval``: the graph stops before each step that changes something, until it is approved."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    add_agent,
    critic_view,
    nudged,
)
from allegiance.play.adapter import Setup
from allegiance.play.answer import AS_TEXT
from allegiance.play.approvals import Approver
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.play.session import session as current

APPROVAL = "approval"


def build(setup: Setup) -> Any:
    """Return the compiled graph; ``answers`` answers its interrupts."""
    cast = Cast(setup)
    carry_out = cast.acts(CRITIC)

    async def approval(state: MessagesState) -> dict[str, Any]:
        last = state["messages"][-1]
        assert isinstance(last, AIMessage)
        approver = approver_of(setup)
        waiting = [c for c in last.tool_calls if approver.needs(c["name"], _args(c))]
        refusals: dict[str, str] = interrupt(waiting) if waiting else {}
        refused = [c for c in last.tool_calls if refusals.get(str(c["id"]))]
        messages: list[Any] = []
        for call in refused:
            reason = refusals[str(call["id"])]
            text = current().recorder.call(CRITIC, call["name"], _args(call), refusal=reason)
            messages.append(ToolMessage(text, tool_call_id=call["id"], status="error"))
        rest = [c for c in last.tool_calls if c not in refused]
        if rest:
            allowed = last.model_copy(update={"tool_calls": rest})
            messages += (await carry_out.ainvoke({"messages": [allowed]}))["messages"]
        return {"messages": messages}

    graph = StateGraph(MessagesState)
    graph.add_node(PEER, cast.hand_over())
    add_agent(
        graph, CRITIC, nudged(cast.speaker(CRITIC, critic_view)), approval, then=END, tools=TOOLS
    )
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, CRITIC)
    return graph.compile(checkpointer=InMemorySaver())


def approver_of(setup: Setup) -> Approver:
    """Return the operator of the current trial."""
    kind = setup.roles.model(OPERATOR).role_agent
    return Approver(current().recorder, setup.stage, kind)


def answers(setup: Setup, waiting: list[dict[str, Any]]) -> dict[str, str]:
    """Return the operator's answers to calls, by the ids of the calls."""
    approver = approver_of(setup)
    return {str(call["id"]): approver.answer(call["name"], _args(call)) for call in waiting}


def _args(call: Any) -> Any:
    """Return the arguments of a call as the recorder takes them."""
    return call["args"].get(AS_TEXT, call["args"])
