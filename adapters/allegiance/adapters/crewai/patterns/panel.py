"""``panel``: three tasks that run at the same time, and a chair that counts what they did."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew, Task

from allegiance.adapters.crewai.patterns._parts import Cast, crew_of
from allegiance.adapters.crewai.roles import NO_ANSWER
from allegiance.adapters.crewai.speakers import Speaker
from allegiance.adapters.crewai.tools import current_trial
from allegiance.play.adapter import Setup
from allegiance.scenario.cast import CRITICS

CHAIR = "chair"


class Chair(Speaker):
    """Counts the votes when the members of the panel are through; no model is asked."""

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Carry out what a majority did and say what that is."""
        trial = current_trial()
        trial.check()
        return trial.session.recorder.count_votes() or NO_ANSWER


def build(setup: Setup) -> Crew:
    """Return the crew; the chair's task waits for the three before it, which are its context."""
    cast = Cast(setup)
    handing = cast.handing()
    members = [cast.judging(name, context=[handing], async_execution=True) for name in CRITICS]
    counting = Task(
        description="Count what the members of the panel did.",
        expected_output="What is carried out.",
        agent=cast.scripted(CHAIR, "You chair the panel.", Chair(model=CHAIR)),
        context=members,
    )
    return crew_of(handing, *members, counting)
