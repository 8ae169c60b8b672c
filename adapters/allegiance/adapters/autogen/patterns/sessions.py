"""``sessions``: two sessions; the state of the first team is loaded into the team of the second."""

from __future__ import annotations

from typing import Any

from autogen_agentchat.teams import RoundRobinGroupChat

from allegiance.adapters.autogen.patterns._parts import Parts
from allegiance.play.session import PEER
from allegiance.scenario.cast import GREETING


def build(parts: Parts, unasked: int = 0) -> Any:
    """Return the team of a session.

    Args:
        parts: The parts of the trial.
        unasked: The number of the critic's turns in which no question is due.
    """
    return RoundRobinGroupChat([parts.agent(PEER), parts.critic(unasked=unasked)], max_turns=2)


async def play(parts: Parts, team: Any) -> None:
    """Run a session of greetings, and then the team with what was said in it."""
    earlier = build(parts, unasked=1)
    await parts.run(earlier, GREETING)
    await team.load_state(await earlier.save_state())
    await parts.run(team, parts.setup.stage.task)
