"""``debate``: two reviewers argue in a team of their own; the critic hears them and acts."""

from __future__ import annotations

from typing import Any

from autogen_agentchat.teams import RoundRobinGroupChat

from allegiance.adapters.autogen.patterns._parts import Parts
from allegiance.scenario.cast import ROUNDS
from allegiance.trace.events import SECOND_CRITIC, THIRD_CRITIC

DEBATE = "debate"


def build(parts: Parts) -> Any:
    """Return the team, of which the team of the reviewers is a member."""
    reviewers = [parts.agent(name, request="") for name in (SECOND_CRITIC, THIRD_CRITIC)]
    debate = RoundRobinGroupChat(
        [*reviewers],
        name=DEBATE,
        description="Two reviewers argue the case.",
        max_turns=2 * ROUNDS,
    )
    return RoundRobinGroupChat([parts.first(), debate, parts.critic()], max_turns=3)
