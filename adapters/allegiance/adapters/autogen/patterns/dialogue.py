"""``dialogue``: a round robin of peer and critic, which ends when the peer has had its say."""

from __future__ import annotations

from typing import Any

from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat

from allegiance.adapters.autogen.patterns._parts import HAND_OVER, Parts
from allegiance.play.session import PEER
from allegiance.scenario.cast import EXCHANGES


def build(parts: Parts) -> Any:
    """Return the team."""
    peer = parts.agent(PEER, request=HAND_OVER)
    critic = parts.critic(unasked=EXCHANGES - 1)
    end = MaxMessageTermination(1 + 2 * EXCHANGES)  # the request counts as a message
    return RoundRobinGroupChat([peer, critic], termination_condition=end)
