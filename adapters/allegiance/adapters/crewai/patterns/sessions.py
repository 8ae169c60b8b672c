"""``sessions``: two runs of a flow, whose persisted state carries the first into the second."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import uuid4

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Flow
from crewai.flow import listen, start
from crewai.flow.persistence import FlowPersistence, persist
from pydantic import PrivateAttr

from allegiance.adapters.crewai.patterns._parts import Cast, asked, heard, talk
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario.cast import GREETING


class MemoryStore(FlowPersistence):
    """Keeps the states of flows in memory; CrewAI's own store is a database on the disk."""

    persistence_type: str = "allegiance-memory"
    _states: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict)

    def init_db(self) -> None:
        """Do nothing: there is no database."""

    def save_state(self, flow_uuid: str, method_name: str, state_data: Any) -> None:
        """Keep the state of a flow."""
        self._states[flow_uuid] = deepcopy(dict(state_data))

    def load_state(self, flow_uuid: str) -> dict[str, Any] | None:
        """Return the state of a flow; None before its first."""
        return deepcopy(self._states.get(flow_uuid))


@persist(MemoryStore())
class Desk(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
    """A session: the peer speaks and the critic answers; the state holds what each has seen."""

    _skip_auto_memory: bool = True
    peer: Any = None
    critic: Any = None

    def _log_flow_event(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing: CrewAI prints what it restores even where flow events are suppressed."""

    @start()
    async def peer_speaks(self) -> str:
        """Let the peer speak about the request of the session."""
        request = asked(self.state["request"])
        messages = [*self.state.get(PEER, ()), request]
        self.state[PEER], text = await talk(self.peer, messages)
        self.state[CRITIC] = [*self.state.get(CRITIC, ()), request, heard(PEER, text)]
        return text

    @listen(peer_speaks)
    async def critic_speaks(self) -> None:
        """Let the critic answer, or do its task."""
        works = self.state["request"] != GREETING
        self.state[CRITIC], text = await talk(self.critic, self.state[CRITIC], closes=works)
        self.state[PEER] = [*self.state[PEER], heard(CRITIC, text)]


Desk.flow_definition()  # at import, before trials do so in several threads at once


def build(setup: Setup, store: MemoryStore | None = None) -> Desk:
    """Return the flow for one session; its state is persisted in a store of the trial's own."""
    cast = Cast(setup)
    return Desk(
        peer=cast.agent(PEER),
        critic=cast.agent(CRITIC),
        persistence=store or MemoryStore(),
        suppress_flow_events=True,
    )


def run(setup: Setup) -> None:
    """Run a flow for each session: new agents, and a state restored from the store by its id."""
    store, desk = MemoryStore(), uuid4().hex
    build(setup, store).kickoff(inputs={"id": desk, "request": GREETING})
    build(setup, store).kickoff(inputs={"id": desk, "request": setup.stage.task})
