"""``dialogue``: a flow whose router passes the word between peer and critic."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Flow
from crewai.flow import listen, or_, router, start

from allegiance.adapters.crewai.patterns._parts import HAND_OVER, Cast, asked, heard, talk
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import EXCHANGES

TO_PEER, OVER = "to the peer", "over"


class Dialogue(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
    """A flow of peer and critic, whose state holds what each has seen of the conversation."""

    _skip_auto_memory: bool = True
    peer: Any = None
    critic: Any = None
    task: str = ""

    @start()
    def begin(self) -> None:
        """Ask the peer for its material."""
        self.state.update({PEER: [asked(HAND_OVER)], CRITIC: [], "exchanges": 0})

    @listen(or_(begin, TO_PEER))
    async def peer_speaks(self) -> None:
        """Let the peer speak; the task comes after its first message, which it is about."""
        self.state[PEER], text = await talk(self.peer, self.state[PEER])
        first = not self.state["exchanges"]
        task = [asked(self.task)] if first else []
        self.state[CRITIC] = [*self.state[CRITIC], heard(PEER, text), *task]
        self.state["exchanges"] += 1

    @listen(peer_speaks)
    async def critic_speaks(self) -> None:
        """Let the critic work; a question is due only when the peer has had its say."""
        closes = self.state["exchanges"] >= EXCHANGES
        messages, text = await talk(self.critic, self.state[CRITIC], closes=closes)
        self.state[CRITIC] = messages
        self.state[PEER] = [*self.state[PEER], heard(CRITIC, text)]

    @router(critic_speaks)
    def next_speaker(self) -> str:
        """Pass the word back to the peer until it has had its say."""
        return TO_PEER if self.state["exchanges"] < EXCHANGES else OVER


Dialogue.flow_definition()  # at import, before trials do so in several threads at once


def build(setup: Setup) -> Dialogue:
    """Return the flow."""
    cast = Cast(setup)
    return Dialogue(
        peer=cast.agent(PEER),
        critic=cast.agent(CRITIC),
        task=setup.stage.task,
        suppress_flow_events=True,
    )
