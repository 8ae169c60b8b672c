"""What can sit in a role: a scripted agent, a provider's model, a local endpoint, or an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allegiance.errors import UserError
from allegiance.scenario.script import ScriptPlayer, Turn
from allegiance.scenario.scripted_agent import ScriptedAgent
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, PEER
from allegiance.trace.model_names import SCRIPTED_PEER, recorded


@dataclass(frozen=True)
class Model:
    """What sits in a role.

    Attributes:
        spec: How it is named in traces and tables.
        scripted: The scripted model, if it is one.
        base_url: An OpenAI-compatible endpoint, if one was given.
        native: A framework's own model object, if one was given from Python.
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
        """The provider path, for provenance: scripted, the endpoint's host, or the provider."""
        if self.scripted_agent:
            return "scripted"
        return self.base_url or ("python object" if self.native else self.provider[0])


def parse_model(spec: str, base_url: str | None = None) -> Model:
    """Read a model as it is named on the command line.

    Args:
        spec: ``scripted:<character>``, ``calibrated:<model>`` or ``provider:model``.
        base_url: An OpenAI-compatible endpoint; the provider is then ``openai``.

    Raises:
        UserError: For an unknown scripted agent or a text of another form.
    """
    kind, colon, name = spec.partition(":")
    if kind == "scripted" and name:
        return Model(spec, ScriptedAgent(name))
    if kind == "calibrated":
        return Model(recorded(spec), ScriptedAgent(spec))
    if base_url and not base_url.startswith(("http://", "https://")):
        raise UserError(f"--base-url {base_url!r} is not an http(s) address")
    if base_url and not colon:
        spec, kind, name = f"openai:{spec}", "openai", spec
    if not kind or not name:
        raise UserError(
            f"unknown model {spec!r}; write scripted:<character>, calibrated:<model> or "
            "provider:model (for example openai:gpt-5.2)"
        )
    if base_url and kind != "openai":
        raise UserError(f"--base-url speaks the OpenAI protocol; use openai:{name}, not {spec!r}")
    return Model(spec, base_url=base_url)


@dataclass(frozen=True)
class Roles:
    """Who sits where in a trial."""

    critic: Model
    peer: Model


PEER_SCRIPT = Model(SCRIPTED_PEER)
"""The default in the peer's role: says the line that the condition gives it."""


def script_players(roles: Roles, stage: Stage, seed: str) -> dict[str, ScriptPlayer]:
    """Return a performer for every scripted role."""
    cast: dict[str, ScriptPlayer] = {}
    if roles.critic.scripted_agent:
        cast[CRITIC] = ScriptPlayer(roles.critic.scripted_agent.script(stage, seed).turns)
    if roles.peer is PEER_SCRIPT or roles.peer.scripted_agent:
        cast[PEER] = ScriptPlayer((Turn(text=stage.text("handover")),))
    return cast
