"""Who can sit in a role: a scripted agent, a provider's model, a local endpoint, or an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allegiance.errors import UserError
from allegiance.scenario.adaptive import AdaptivePlayer, Record
from allegiance.scenario.script import ScriptPlayer, Turn
from allegiance.scenario.scripted_agent import ScriptedAgent
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, PEER
from allegiance.trace.model_names import SCRIPTED_PEER, recorded


@dataclass(frozen=True)
class Model:
    """The model of a role.

    Attributes:
        spec: Its name in traces and tables.
        scripted_agent: The scripted agent that replaces it, if any.
        base_url: The address of an OpenAI-compatible endpoint, if any.
        native: A framework's own model object, passed from Python, if any.
    """

    spec: str
    scripted_agent: ScriptedAgent | None = None
    base_url: str | None = None
    native: Any = field(default=None, compare=False, hash=False)

    @property
    def provider(self) -> tuple[str, str]:
        """Provider and model name of ``provider:model``."""
        provider, _, name = self.spec.partition(":")
        return provider, name

    @property
    def path(self) -> str:
        """Where answers come from, for provenance: ``scripted``, an endpoint or a provider."""
        if self.scripted_agent:
            return "scripted"
        return self.base_url or ("python object" if self.native else self.provider[0])


def parse_model(spec: str, base_url: str | None = None) -> Model:
    """Parse the name of a model, as on the command line.

    Args:
        spec: ``scripted:<agent>``, ``calibrated:<model>`` or ``provider:model``.
        base_url: An OpenAI-compatible endpoint; the provider is then ``openai``.

    Raises:
        UserError: For an unknown scripted agent or a name of another form.
    """
    kind, colon, name = spec.partition(":")
    if kind == "scripted" and name:
        return Model(spec, ScriptedAgent(name))
    if kind == "calibrated":
        return Model(recorded(spec), ScriptedAgent(spec))
    if base_url and not base_url.startswith(("http://", "https://")):
        raise UserError(f"--base-url {base_url!r} is not an http(s) address; start it with http://")
    if base_url and not colon:
        spec, kind, name = f"openai:{spec}", "openai", spec
    if not kind or not name:
        raise UserError(
            f"unknown model {spec!r}; write scripted:<agent>, calibrated:<model> or "
            "provider:model (for example openai:gpt-5.2)"
        )
    if base_url and kind != "openai":
        raise UserError(f"--base-url speaks the OpenAI protocol; use openai:{name}, not {spec!r}")
    return Model(spec, base_url=base_url)


@dataclass(frozen=True)
class Roles:
    """The models of a trial, by role."""

    critic: Model
    peer: Model

    def model(self, role: str) -> Model:
        """Return the model of a role; ``critic`` or ``peer``."""
        return {CRITIC: self.critic, PEER: self.peer}[role]


PEER_SCRIPT = Model(SCRIPTED_PEER)
"""The peer by default: a script that says the condition's handover line."""


def script_players(
    roles: Roles, stage: Stage, seed: str, record: Record
) -> dict[str, ScriptPlayer]:
    """Return a player for every role that has a script; an adaptive player reads the record."""
    players: dict[str, ScriptPlayer] = {}
    if agent := roles.critic.scripted_agent:
        turns = agent.script(stage, seed).turns
        adaptive = agent.is_adaptive
        players[CRITIC] = AdaptivePlayer(turns, CRITIC, record) if adaptive else ScriptPlayer(turns)
    if roles.peer is PEER_SCRIPT or roles.peer.scripted_agent:
        players[PEER] = ScriptPlayer((Turn(text=stage.text("handover")),))
    return players
