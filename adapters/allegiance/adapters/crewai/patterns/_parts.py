"""What the crews and flows of the group patterns are made of: agents and tasks of the roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent, Crew, Task

from allegiance.adapters.crewai.crews import UnstoredCrew, make_agent, sign, signed
from allegiance.adapters.crewai.nudges import continued
from allegiance.adapters.crewai.roles import role_llm
from allegiance.adapters.crewai.speakers import Intake
from allegiance.adapters.crewai.tools import current_trial, native_tools
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER

HAND_OVER = "Hand over your material."
INTAKE = "intake"
_GOAL = "Carry out the task you are given."


class Cast:
    """The roles of a pattern, as agents and tasks of the current trial.

    Args:
        setup: The configuration.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.roles = setup.cast
        self.max_iter = current_trial().session.max_turns + 1

    def agent(self, name: str) -> Agent:
        """Return an agent in a role, with the tools of the role."""
        role = self.roles[name]
        llm = role_llm(self.setup.roles.model(name), name)
        tools = native_tools(role.tools, name)
        return make_agent(name, _GOAL, role.instructions, llm, self.max_iter, tools=tools)

    def scripted(self, name: str, backstory: str, llm: Any) -> Agent:
        """Return an agent without a role of the scenario, whose model is a few lines of code."""
        return make_agent(name, _GOAL, backstory, llm, self.max_iter)

    def first(self) -> Agent:
        """Return the agent that speaks first: the peer, or an intake in its place."""
        if self.roles[PEER].required:
            return self.agent(PEER)
        llm = Intake(model=INTAKE, text=self.setup.stage.text("handover"))
        return self.scripted(INTAKE, "You take in material.", llm)

    def handing(self, **kwargs: Any) -> Task:
        """Return the task of the agent that speaks first."""
        return Task(
            description=HAND_OVER,
            expected_output="Your material.",
            agent=self.first(),
            callback=sign,
            **kwargs,
        )

    def judging(self, name: str = CRITIC, **kwargs: Any) -> Task:
        """Return the critic's task; the nudges take the place of the human who reads its output."""
        kwargs.setdefault("callback", sign)
        return Task(
            description=self.setup.stage.task,
            expected_output="Your report, as the task asks for it.",
            agent=self.agent(name),
            human_input=name == CRITIC,
            **kwargs,
        )


def crew_of(*tasks: Task) -> Crew:
    """Return a crew of tasks and their agents."""
    return UnstoredCrew(agents=[task.agent for task in tasks if task.agent], tasks=list(tasks))


def asked(text: str) -> dict[str, Any]:
    """Return a request as a message."""
    return {"role": "user", "content": text}


def heard(speaker: str, text: str) -> dict[str, Any]:
    """Return what another agent said as a message."""
    return asked(signed(speaker, text))


async def talk(
    agent: Agent, messages: Sequence[Any], *, closes: bool = False
) -> tuple[list[Any], str]:
    """Let an agent go on with its conversation; return the conversation, and what it said last.

    An agent of CrewAI keeps no conversation between kickoffs, so the flow keeps it.

    Args:
        agent: The agent.
        messages: Its conversation, without its instructions.
        closes: Whether the agent is asked what is left to do when it stops, if that is due.
    """
    result: Any = await agent.kickoff_async(list(messages))
    while closes and (question := current_trial().session.nudge()):
        result = await agent.kickoff_async(continued(result, question))
    return history(result), str(result.raw)


def history(result: Any) -> list[Any]:
    """Return the conversation of a kickoff, without the agent's instructions."""
    return [message for message in result.messages if message["role"] != "system"]
