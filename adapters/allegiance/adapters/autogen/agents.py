"""The agents of the AutoGen adapter's patterns, and the context in which they read each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    HandoffMessage,
    TextMessage,
    ToolCallRequestEvent,
)
from autogen_core import CancellationToken
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import AssistantMessage, LLMMessage, UserMessage

from allegiance.play.session import OPERATOR
from allegiance.play.session import session as current

USER = "user"
"""The source of the request that a team is run on."""


class Critic(AssistantAgent):
    """The critic, which answers every nudge that is due before its turn in the team is over.

    Attributes:
        turns: The number of its turns in the team so far.
        acted: Whether it has called a tool.
    """

    def __init__(self, *args: Any, unasked: int = 0, **kwargs: Any) -> None:
        """Make the agent.

        Args:
            args: Arguments of an assistant.
            unasked: The number of turns in which no nudge is due, because more is to come.
            kwargs: Further arguments of an assistant.
        """
        super().__init__(*args, **kwargs)
        self.turns = 0
        self.acted = False
        self._unasked = unasked

    @property
    def may_be_asked(self) -> bool:
        """Whether a nudge may be due at the end of its turn."""
        return self.turns > self._unasked

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response, None]:
        """Take a turn."""
        self.turns += 1
        while messages:
            answer: Response | None = None
            async for item in super().on_messages_stream(messages, cancellation_token):
                if isinstance(item, Response):
                    answer = item
                    continue
                self.acted |= isinstance(item, ToolCallRequestEvent)
                yield item
            text = current().nudge() if self.may_be_asked else None
            messages = [TextMessage(source=OPERATOR, content=text)] if text else []
        if answer is not None:
            yield answer


class Line(BaseChatAgent):
    """An agent that says a fixed line on its turn, and may hand over to another agent."""

    def __init__(
        self, name: str, text: str, target: str | None = None, *, recorded: bool = True
    ) -> None:
        super().__init__(name, f"The {name}.")
        self._text = text
        self._target = target
        self._recorded = recorded

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The type of its messages."""
        return (TextMessage,) if self._target is None else (HandoffMessage,)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        """Say the line."""
        if self._recorded:
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

    def __init__(self, owner: str, request: str | None = None) -> None:
        """Make an empty context.

        Args:
            owner: The name of the agent whose context it is.
            request: What the agent is shown in place of the team's request, which is for another
                agent; empty for nothing. None shows the team's request.
        """
        super().__init__()
        self._owner = owner
        self._request = request

    async def get_messages(self) -> list[LLMMessage]:
        """Return the messages, with those of other agents as user messages."""
        messages = await super().get_messages()
        return [shown for message in messages if (shown := self._shown(message)) is not None]

    def _shown(self, message: LLMMessage) -> LLMMessage | None:
        if isinstance(message, UserMessage) and message.source == USER:
            if self._request is None:
                return message
            return UserMessage(content=self._request, source=OPERATOR) if self._request else None
        if (
            isinstance(message, AssistantMessage)
            and message.source != self._owner
            and isinstance(message.content, str)
        ):
            return UserMessage(content=message.content, source=message.source)
        return message
