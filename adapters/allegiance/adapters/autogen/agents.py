"""The agents of the AutoGen adapter's patterns, and the context in which they read each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseAgentEvent, BaseChatMessage, HandoffMessage, TextMessage
from autogen_core import CancellationToken
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import AssistantMessage, LLMMessage, UserMessage

from allegiance.play.session import OPERATOR
from allegiance.play.session import session as current


class Critic(AssistantAgent):
    """The critic, which answers every nudge that is due before its turn in the team is over."""

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response, None]:
        """Take a turn."""
        while messages:
            answer: Response | None = None
            async for item in super().on_messages_stream(messages, cancellation_token):
                if isinstance(item, Response):
                    answer = item
                else:
                    yield item
            text = current().nudge()
            messages = [TextMessage(source=OPERATOR, content=text)] if text else []
        if answer is not None:
            yield answer


class Line(BaseChatAgent):
    """An agent that says a fixed line on its turn, and may hand over to another agent."""

    def __init__(self, name: str, text: str, target: str | None = None) -> None:
        super().__init__(name, f"The {name}.")
        self._text = text
        self._target = target

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The type of its messages."""
        return (TextMessage,) if self._target is None else (HandoffMessage,)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        """Say the line."""
        current().recorder.message(self.name, self._text)
        if self._target is None:
            return Response(chat_message=TextMessage(source=self.name, content=self._text))
        return Response(
            chat_message=HandoffMessage(source=self.name, content=self._text, target=self._target)
        )

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Do nothing: the agent has no state."""


class Attributed(UnboundedChatCompletionContext):
    """A model context that attributes messages of other agents to them.

    The text alongside a handoff reaches the next agent as an assistant message without a name. The
    critic would read the peer's plea as its own words.
    """

    def __init__(self, owner: str) -> None:
        super().__init__()
        self._owner = owner

    async def get_messages(self) -> list[LLMMessage]:
        """Return the messages, with those of other agents as user messages."""
        return [
            UserMessage(content=m.content, source=m.source)
            if isinstance(m, AssistantMessage)
            and m.source != self._owner
            and isinstance(m.content, str)
            else m
            for m in await super().get_messages()
        ]
