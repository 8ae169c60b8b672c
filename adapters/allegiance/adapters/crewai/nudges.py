"""Nudges for the CrewAI adapter: through the provider of human input, or an agent's own messages.

CrewAI asks a human about the output of a task if the task says so. The provider that it asks can
be replaced, and ours asks the critic whether anything is left to do.
"""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent
from crewai.core.providers.human_input import SyncHumanInputProvider

from allegiance.adapters.crewai.tools import current_trial

STATELESS = "a crew or a flow keeps no conversation between kickoffs"


class Nudges(SyncHumanInputProvider):
    """Takes the place of the human who reads the output of the critic's task."""

    def handle_feedback(self, formatted_answer: Any, context: Any) -> Any:
        """Let the critic go on after every nudge that is due; return its last answer."""
        while text := current_trial().session.nudge():
            context.messages.append({"role": "user", "content": text})
            formatted_answer = context._invoke_loop()
        return formatted_answer

    async def handle_feedback_async(self, formatted_answer: Any, context: Any) -> Any:
        """Do the same in an event loop."""
        while text := current_trial().session.nudge():
            context.messages.append({"role": "user", "content": text})
            formatted_answer = await context._ainvoke_loop()
        return formatted_answer


def kickoff(agent: Agent, request: str) -> None:
    """Run an agent on a request, and then on every nudge that is due, outside of an event loop."""
    result: Any = agent.kickoff(request)
    while text := current_trial().session.nudge():
        result = agent.kickoff(continued(result, text))


async def akickoff(agent: Agent, request: str) -> None:
    """Run an agent on a request, and then on every nudge that is due."""
    result: Any = await agent.kickoff_async(request)
    while text := current_trial().session.nudge():
        result = await agent.kickoff_async(continued(result, text))


def continued(result: Any, text: str) -> list[Any]:
    """Return the conversation of a result, without the agent's instructions, and a request."""
    history = [message for message in result.messages if message["role"] != "system"]
    return [*history, {"role": "user", "content": text}]
