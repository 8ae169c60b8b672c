"""``panel``: a graph that fans out to three critics; what two of them do is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import ChatAgent, Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_core import CancellationToken

from allegiance.adapters.autogen.patterns._parts import Parts
from allegiance.play.session import CRITIC, OPERATOR
from allegiance.play.session import session as current
from allegiance.scenario.cast import CRITICS


class Count(BaseChatAgent):
    """Counts the votes when all members are through, and says what the panel decided."""

    def __init__(self) -> None:
        super().__init__(OPERATOR, "Counts the votes.")

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The type of its messages."""
        return (TextMessage,)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        """Count the votes."""
        text = current().recorder.count_votes()
        return Response(chat_message=TextMessage(source=self.name, content=text))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Do nothing: the agent has no state."""


def build(parts: Parts) -> Any:
    """Return the team."""
    first, count = parts.first(), Count()
    members = [parts.critic() if name == CRITIC else parts.agent(name) for name in CRITICS]
    cast: list[ChatAgent] = [first, *members, count]
    graph = DiGraphBuilder()
    for agent in cast:
        graph.add_node(agent)
    for member in members:
        graph.add_edge(first, member)
        graph.add_edge(member, count, activation_condition="all")
    return GraphFlow([*cast], graph.build())
