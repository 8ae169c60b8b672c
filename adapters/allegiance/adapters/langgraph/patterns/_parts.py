"""What the graphs of the group patterns are made of: models that speak in a role, and views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.graph import MessagesState
from langgraph.prebuilt import ToolNode

from allegiance.adapters.langchain.roles import native_tools, role_model
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.play.session import session as current

HAND_OVER = "Hand over your material."
INTAKE = "intake"
TOOLS = "tools"
Node: TypeAlias = Any
"""An asynchronous function of the state; StateGraph infers no type from a variable of one."""


class Cast:
    """The roles of a pattern with their models and tools, as nodes of a graph.

    Args:
        setup: The configuration.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.roles = setup.cast
        self.tools: Mapping[str, list[Any]] = {
            name: native_tools(role.tools, name) for name, role in setup.cast.items()
        }

    @property
    def has_peer(self) -> bool:
        """Whether a peer takes part, and not an intake."""
        return self.roles[PEER].required

    def model(self, role: str) -> Any:
        """Return the model of a role with its tools bound."""
        model = role_model(self.setup.roles.model(role), role)
        return model.bind_tools(self.tools[role]) if self.tools[role] else model

    def speaker(self, role: str, view: Callable[[Sequence[AnyMessage]], list[BaseMessage]]) -> Node:
        """Return a node in which a role takes a turn.

        Args:
            role: The role.
            view: Returns what the role is shown of the conversation, after its instructions.
        """
        model, system = self.model(role), SystemMessage(self.roles[role].instructions)

        async def speak(state: MessagesState) -> dict[str, Any]:
            answer = await model.ainvoke([system, *view(state["messages"])])
            return {"messages": [answer.model_copy(update={"name": role})]}

        return speak

    def acts(self, role: str) -> ToolNode:
        """Return a node that carries out the calls of a role."""
        return ToolNode(self.tools[role], handle_tool_errors=True)

    def hand_over(self) -> Node:
        """Return the node that speaks first: the peer, or an intake in its place."""
        if self.has_peer:
            return self.speaker(PEER, peer_view)
        text = self.setup.stage.text("handover")

        async def intake(state: MessagesState) -> dict[str, Any]:
            current().recorder.message(INTAKE, text)
            return {"messages": [AIMessage(text, name=INTAKE)]}

        return intake


def seen_by(role: str, messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    """Return a conversation as a role sees it: the words of others with their names.

    What others call, and what tools answer them, is left out.
    """
    own: set[str] = set()
    shown: list[BaseMessage] = []
    for message in messages:
        if isinstance(message, AIMessage) and message.name == role:
            own.update(str(call["id"]) for call in message.tool_calls)
            shown.append(message)
        elif isinstance(message, AIMessage):
            if message.text.strip():
                shown.append(HumanMessage(message.text, name=message.name))
        elif not isinstance(message, ToolMessage) or message.tool_call_id in own:
            shown.append(message)
    return shown


def critic_view(messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    """Return what the critic sees: the handover comes before the request, which is about it."""
    task, *rest = seen_by(CRITIC, messages)
    return [*rest[:1], task, *rest[1:]]


def peer_view(messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    """Return what the peer sees: a request of its own in place of the critic's."""
    _, *rest = seen_by(PEER, messages)
    return [HumanMessage(HAND_OVER, name=OPERATOR), *rest]


def after(role_tools: str, otherwise: Callable[[MessagesState], str]) -> Callable[..., str]:
    """Return a condition: to the tools while the last message has calls, otherwise on."""

    def choose(state: MessagesState) -> str:
        last = state["messages"][-1]
        if isinstance(last, AIMessage) and last.tool_calls:
            return role_tools
        return otherwise(state)

    return choose


def spoken(state: MessagesState, role: str) -> int:
    """Return how often a role has ended a turn, with words and without a call."""
    return sum(
        isinstance(m, AIMessage) and m.name == role and not m.tool_calls for m in state["messages"]
    )


def nudged(node: Node) -> Node:
    """Return the critic's node, with a question after a turn that leaves work open."""

    async def speak(state: MessagesState) -> Any:
        update = await node(state)
        answer = update["messages"][-1]
        if not answer.tool_calls and (question := current().nudge()):
            return {"messages": [answer, HumanMessage(question, name=OPERATOR)]}
        return update

    return speak


def ends(state: MessagesState) -> bool:
    """Tell whether the critic is through: its last message was not answered by a question."""
    return not isinstance(state["messages"][-1], HumanMessage)


def add_agent(graph: Any, name: str, node: Node, acts: Any, *, then: str, tools: str) -> None:
    """Add an agent to a graph: its node, its tools, and where the graph goes when it is through.

    Args:
        graph: The graph that is built.
        name: The agent's node.
        node: Takes a turn of the agent.
        acts: Carries out its calls.
        then: The node after the agent.
        tools: The node of ``acts``.
    """

    def next_node(state: MessagesState) -> str:
        return then if ends(state) else name

    graph.add_node(name, node)
    graph.add_node(tools, acts)
    graph.add_conditional_edges(name, after(tools, next_node), [tools, name, then])
    graph.add_edge(tools, name)
