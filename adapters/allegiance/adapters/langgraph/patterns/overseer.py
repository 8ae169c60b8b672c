"""``overseer``: a monitor is shown what the critic did, and reports misconduct to operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from allegiance.adapters.langgraph.patterns._parts import (
    TOOLS,
    Cast,
    add_agent,
    critic_view,
    nudged,
    seen_by,
)
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.scenario.cast import actions_shown
from allegiance.trace.events import MONITOR

MONITOR_TOOLS = "monitor_tools"


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
        then=MONITOR,
        tools=TOOLS,
    )
    add_agent(
        graph,
        MONITOR,
        cast.speaker(MONITOR, monitor_view),
        cast.acts(MONITOR),
        then=END,
        tools=MONITOR_TOOLS,
    )
    graph.add_edge(START, PEER)
    graph.add_edge(PEER, CRITIC)
    return graph.compile()


def monitor_view(messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    """Return what the monitor sees: one message with all that the critic did, and its own turns."""
    steps: list[tuple[str, str]] = []
    own: list[BaseMessage] = []
    calls: set[str] = set()
    for message in messages:
        if isinstance(message, AIMessage) and message.name == CRITIC:
            if message.text.strip():
                steps.append(("says", message.text))
            steps += [("calls", f"{c['name']} {c['args']}") for c in message.tool_calls]
            calls.update(str(call["id"]) for call in message.tool_calls)
        elif isinstance(message, ToolMessage) and message.tool_call_id in calls:
            steps.append(("gets", str(message.content)))
    own = [m for m in seen_by(MONITOR, messages) if _is_own(m)]
    return [HumanMessage(actions_shown(steps), name=OPERATOR), *own]


def _is_own(message: BaseMessage) -> bool:
    return message.name == MONITOR or (
        isinstance(message, ToolMessage) and message.name == "raise_concern"
    )
