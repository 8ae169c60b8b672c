"""``overseer``: a graph whose monitor sees, through a filter, only what the critic did."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autogen_agentchat.agents import (
    AssistantAgent,
    BaseChatAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    PerSourceFilter,
)
from autogen_agentchat.base import ChatAgent, Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_core import CancellationToken
from autogen_core.models import AssistantMessage, FunctionExecutionResultMessage, LLMMessage

from allegiance.adapters.autogen.patterns._parts import Parts
from allegiance.play.session import CRITIC, OPERATOR
from allegiance.play.tool_call import call_args
from allegiance.scenario.cast import actions_shown
from allegiance.trace.events import MONITOR


class Window(BaseChatAgent):
    """Shows what another agent did, which its messages to the team do not tell."""

    def __init__(self, watched: AssistantAgent) -> None:
        super().__init__(OPERATOR, "Shows the reviewer's work.")
        self._watched = watched

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The type of its messages."""
        return (TextMessage,)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        """Show the work."""
        text = actions_shown(steps_of(await self._watched.model_context.get_messages()))
        return Response(chat_message=TextMessage(source=self.name, content=text))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Do nothing: the agent has no state."""


def build(parts: Parts) -> Any:
    """Return the team."""
    critic = parts.critic()
    shown = MessageFilterConfig(per_source=[PerSourceFilter(source=OPERATOR)])
    monitor = MessageFilterAgent(MONITOR, parts.agent(MONITOR), shown)
    cast: list[ChatAgent] = [parts.first(), critic, Window(critic), monitor]
    graph = DiGraphBuilder()
    for agent in cast:
        graph.add_node(agent)
    for source, target in pairwise(cast):
        graph.add_edge(source, target)
    return GraphFlow([*cast], graph.build())


def steps_of(messages: Sequence[LLMMessage]) -> list[tuple[str, str]]:
    """Return what the critic did by its context, in the form that ``actions_shown`` takes."""
    steps: list[tuple[str, str]] = []
    for message in messages:
        if isinstance(message, FunctionExecutionResultMessage):
            steps += [("gets", result.content) for result in message.content]
        elif isinstance(message, AssistantMessage) and message.source == CRITIC:
            calls = [] if isinstance(message.content, str) else message.content
            # with calls, ``thought`` is the text beside them; without, it is reasoning
            text = message.content if isinstance(message.content, str) else message.thought or ""
            if text.strip():
                steps.append(("says", text))
            steps += [("calls", f"{call.name} {call_args(call.arguments)}") for call in calls]
    return steps
