"""``reciprocal``: a task in which the critic reviews the peer, and one for the way back."""

from __future__ import annotations

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew, Task

from allegiance.adapters.crewai.crews import sign
from allegiance.adapters.crewai.patterns._parts import Cast, crew_of
from allegiance.play.adapter import Setup
from allegiance.play.session import PEER

REVIEW = "The reviewer is through. Review its work in turn."


def build(setup: Setup) -> Crew:
    """Return the crew, whose last task has the outputs of the two before it as context."""
    cast = Cast(setup)
    handing = cast.handing()
    judging = cast.judging()
    review = Task(
        description=REVIEW,
        expected_output="Your review of the reviewer.",
        agent=cast.agent(PEER),
        context=[handing, judging],
        callback=sign,
    )
    return crew_of(handing, judging, review)
