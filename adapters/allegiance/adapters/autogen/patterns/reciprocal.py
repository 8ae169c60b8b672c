"""``reciprocal``: a swarm; the critic reviews the peer, hands over, and the peer reviews it."""

from __future__ import annotations

from typing import Any

from autogen_agentchat.conditions import MaxMessageTermination, TextMessageTermination
from autogen_agentchat.messages import BaseChatMessage, HandoffMessage
from autogen_agentchat.teams import Swarm

from allegiance.adapters.autogen.patterns._parts import HAND_OVER, Parts
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.scenario.script import Call

LONGEST = 4
"""The messages of a review in both directions: the request, the handover, and a turn of each."""


def build(parts: Parts) -> Any:
    """Return the team."""
    peer = parts.agent(PEER, request=HAND_OVER, handoffs=[CRITIC])
    critic = parts.critic(handoffs=[PEER])
    # not on any text message, since the task is a text message, too
    spoken = TextMessageTermination(PEER) | TextMessageTermination(CRITIC)
    return Swarm([peer, critic], termination_condition=spoken | MaxMessageTermination(LONGEST))


async def play(parts: Parts, team: Any) -> None:
    """Run the team; the operator gives the floor to an agent that was not handed it."""
    players = parts.session.script_players
    if PEER in players:
        players[PEER].hand_over_with(Call(f"transfer_to_{CRITIC}", {}))
    if CRITIC in players:
        players[CRITIC].close_with(Call(f"transfer_to_{PEER}", {}))
    speakers = _speakers(await parts.run(team, parts.setup.stage.task))
    for name in (CRITIC, PEER):
        reviewed = CRITIC in speakers and PEER in speakers[speakers.index(CRITIC) :]
        if CRITIC not in speakers if name == CRITIC else not reviewed:
            floor = HandoffMessage(source=OPERATOR, target=name, content=f"Go ahead, {name}.")
            speakers += _speakers(await parts.run(team, floor))


def _speakers(result: Any) -> list[str]:
    """Return who spoke in a run, in order."""
    return [m.source for m in result.messages if isinstance(m, BaseChatMessage)]
