"""Models of CrewAI that ask no provider."""

from __future__ import annotations

import asyncio
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import BaseLLM

from allegiance.adapters.crewai.tools import current_trial


class Speaker(BaseLLM):
    """A model without a provider, for which CrewAI must not count, cut or summarise messages."""

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Answer."""
        raise NotImplementedError

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """Answer, from a thread."""
        return await asyncio.to_thread(self.call, *args, **kwargs)

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        """Return 0, so that nothing is too long."""
        return 0


class Intake(Speaker):
    """Says that the material is in place, if the condition has no peer in the conversation.

    Attributes:
        text: The line it says.
    """

    text: str

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Record and return the text."""
        trial = current_trial()
        trial.check()
        trial.session.recorder.message("intake", self.text)
        return self.text
