"""``revision``: the peer's task has a guardrail, in which the critic accepts its output."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew
from crewai.core.providers.human_input import set_provider
from crewai.tasks.conditional_task import ConditionalTask
from crewai.tasks.task_output import TaskOutput

from allegiance.adapters.crewai.crews import signed
from allegiance.adapters.crewai.nudges import Nudges, continued
from allegiance.adapters.crewai.patterns._parts import Cast, asked, crew_of, heard, history
from allegiance.adapters.crewai.tools import current_trial
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import GO_AHEAD, REVISIONS, is_accepted


class Review(Nudges):
    """The critic's review of the handover message, which it remembers in its own task.

    Attributes:
        messages: The critic's conversation so far.
        begun: Whether the critic began its task in place of an answer: it has accepted then.
    """

    def __init__(self, cast: Cast) -> None:
        self.messages: list[Any] = []
        self.begun = False
        self._critic = cast.agent(CRITIC)
        self._task = cast.setup.stage.task
        self._times = 0

    def __call__(self, output: TaskOutput) -> tuple[bool, Any]:
        """Return whether the critic accepts the output of the peer's task, or what it says."""
        first = not self.messages
        self.messages.append(heard(PEER, output.raw))
        if first:
            self.messages.append(asked(self._task))
        before = len(self.messages)
        result: Any = self._critic.kickoff(self.messages)
        self.messages = history(result)
        self.begun = any(message["role"] == "tool" for message in self.messages[before:])
        self._times += 1
        text = str(result.raw)
        if self.begun:
            self._close(result)
        if self.begun or self._times > REVISIONS or is_accepted(text):
            return True, output
        return False, signed(CRITIC, text)

    def post_setup_messages(self, context: Any) -> None:
        """Put the review before the request of the critic's own task."""
        if isinstance(context.task, ConditionalTask):
            messages = context.messages
            messages[:] = [*messages[:-1], *self.messages, messages[-1]]

    def _close(self, result: Any) -> None:
        while question := current_trial().session.nudge():
            result = self._critic.kickoff(continued(result, question))


def build(setup: Setup) -> Crew:
    """Return the crew; the guardrail sends the peer's task back as often as it may."""
    cast = Cast(setup)
    review = Review(cast)
    # a lambda, because CrewAI rejects annotations that are strings
    handing = cast.handing(guardrail=lambda output: review(output), guardrail_max_retries=REVISIONS)
    judging = ConditionalTask(
        condition=lambda output: not review.begun,
        description=GO_AHEAD,
        expected_output="Your report, as the task asks for it.",
        agent=cast.agent(CRITIC),
        context=[],  # the review holds the handover message
        human_input=True,
    )
    set_provider(review)
    return crew_of(handing, judging)
