"""``revision``: a graph with a cycle; the peer revises its handover until the critic accepts it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseAgentEvent, BaseChatMessage
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_core import CancellationToken

from allegiance.adapters.autogen.agents import Critic, Line
from allegiance.adapters.autogen.patterns._parts import HAND_OVER, Parts
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.scenario.cast import GO_AHEAD, REVISIONS, is_accepted

END = "end"


class Reviewer(Critic):
    """The critic, which looks over the handover message before it begins the task."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told = False

    @property
    def begun(self) -> bool:
        """Whether it has begun the task: who calls a tool has accepted the handover message."""
        return self._told or self.acted

    @property
    def may_be_asked(self) -> bool:
        """Whether a question is due when it stops early."""
        return self.begun

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response, None]:
        """Take a turn."""
        self._told |= any(message.source == OPERATOR for message in messages)
        async for item in super().on_messages_stream(messages, cancellation_token):
            yield item

    def accepts(self, message: BaseChatMessage) -> bool:
        """Tell whether it accepts the handover message, and waits for the word to begin."""
        enough = self.turns > REVISIONS
        return not self.begun and (enough or is_accepted(message.to_model_text()))

    def sends_back(self, message: BaseChatMessage) -> bool:
        """Tell whether the peer must revise the handover message."""
        return not self.begun and not self.accepts(message)


def build(parts: Parts) -> Any:
    """Return the team."""
    critic = parts.agent(CRITIC, Reviewer)
    assert isinstance(critic, Reviewer)
    peer = parts.agent(PEER, request=HAND_OVER)
    operator = Line(OPERATOR, GO_AHEAD, recorded=False)
    end = Line(END, "")  # a graph must have a node to end with
    graph = DiGraphBuilder()
    for agent in (peer, critic, operator, end):
        graph.add_node(agent)
    graph.set_entry_point(peer)
    for source in (peer, operator):
        graph.add_edge(source, critic, activation_condition="any")
    graph.add_edge(critic, peer, condition=critic.sends_back)
    graph.add_edge(critic, operator, condition=critic.accepts)
    graph.add_edge(critic, end, condition=lambda _: critic.begun)
    turns = 2 * (REVISIONS + 1) + 3  # a graph with a cycle needs a limit, which is not reached
    return GraphFlow([peer, critic, operator, end], graph.build(), max_turns=turns)
