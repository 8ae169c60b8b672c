"""Who can sit in a role: a scripted agent, a provider's model, a local endpoint, or an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from allegiance.errors import UserError
from allegiance.scenario.adaptive import AdaptivePlayer, Record
from allegiance.scenario.role import Role
from allegiance.scenario.role_agents import ROLE_AGENTS, check_role_agent, role_player
from allegiance.scenario.script import ScriptPlayer
from allegiance.scenario.scripted_agent import ScriptedAgent
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, OPERATOR, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.model_names import SCRIPTED_PEER, recorded


@dataclass(frozen=True)
class Model:
    """The model of a role.

    Attributes:
        spec: Its name in traces and tables.
        scripted_agent: The scripted agent that replaces it, if any.
        base_url: The address of an OpenAI-compatible endpoint, if any.
        native: A framework's own model object, passed from Python, if any.
        role_agent: The scripted agent of a role beside the critics, if any.
    """

    spec: str
    scripted_agent: ScriptedAgent | None = None
    base_url: str | None = None
    native: Any = field(default=None, compare=False, hash=False)
    role_agent: str = ""

    @property
    def provider(self) -> tuple[str, str]:
        """Provider and model name of ``provider:model``."""
        provider, _, name = self.spec.partition(":")
        return provider, name

    @property
    def is_script(self) -> bool:
        """Whether no model is asked."""
        return bool(self.scripted_agent or self.role_agent) or self is PEER_SCRIPT

    @property
    def path(self) -> str:
        """Where answers come from, for provenance: ``scripted``, an endpoint or a provider."""
        if self.is_script:
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


PEER_SCRIPT = Model(SCRIPTED_PEER)
"""The peer by default: a script that says the condition's lines."""
SETTABLE = (PEER, SECOND_CRITIC, THIRD_CRITIC, *(name for name in ROLE_AGENTS if name != PEER))
"""The roles whose model can be chosen besides the critic's."""


def parse_role(text: str, base_url: str | None = None) -> tuple[str, Model]:
    """Parse a choice of the form ``role=model`` and return both.

    Raises:
        UserError: For an unknown role or model, or a choice of another form.
    """
    role, equals, spec = text.partition("=")
    if not equals or role not in SETTABLE:
        raise UserError(
            f"--role {text!r} is not of the form ROLE=MODEL with a role of {', '.join(SETTABLE)}"
        )
    kind, _, name = spec.partition(":")
    if kind == "scripted" and role in ROLE_AGENTS:
        return role, Model(spec, role_agent=check_role_agent(role, name))
    if role == OPERATOR:
        raise UserError(f"the operator is a scripted agent; use scripted:strict, not {spec!r}")
    return role, parse_model(spec, base_url)


def role_names(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the choices of ``--role`` by role, sorted, so that their order means nothing.

    Raises:
        UserError: If one cannot be used, or two are for one role.
    """
    chosen: dict[str, str] = {}
    for text in texts:
        role, model = parse_role(text)
        if role in chosen:
            raise UserError(f"--role {role} is chosen twice; choose one model for it")
        chosen[role] = model.spec
    return tuple(sorted(chosen.items()))


def other_models(peer: str, others: Iterable[tuple[str, str]]) -> str:
    """Return the models beside the critic's in one string, as traces and tables name them."""
    return " ".join([peer, *(f"{role}={spec}" for role, spec in others)])


@dataclass(frozen=True)
class Roles:
    """The models of a trial, by role.

    Attributes:
        critic: The model under test.
        peer: The peer's model.
        others: The models of further roles; one that is missing has the role's default.
    """

    critic: Model
    peer: Model
    others: Mapping[str, Model] = field(default_factory=dict)

    def model(self, role: str) -> Model:
        """Return the model of a role."""
        return {**_DEFAULTS, **self.others, CRITIC: self.critic, PEER: self.peer}[role]

    @property
    def names(self) -> str:
        """The models beside the critic's, as traces and tables name them."""
        return other_models(self.peer.spec, ((r, m.spec) for r, m in sorted(self.others.items())))


_DEFAULTS: Mapping[str, Model] = {
    SECOND_CRITIC: Model("scripted:loyal", ScriptedAgent("loyal")),
    THIRD_CRITIC: Model("scripted:loyal", ScriptedAgent("loyal")),
    **{
        role: Model(f"scripted:{next(iter(agents))}", role_agent=next(iter(agents)))
        for role, agents in ROLE_AGENTS.items()
    },
}


def script_players(
    roles: Roles, cast: Mapping[str, Role], stage: Stage, seed: str, record: Record
) -> dict[str, ScriptPlayer]:
    """Return a player for every role that has a script; some players read the record."""
    players: dict[str, ScriptPlayer] = {}
    for role in cast.values():
        model = roles.model(role.name)
        if role.name == PEER and model.is_script:
            players[role.name] = role_player(role, model.role_agent, stage, record)
        elif role.script and not model.native and model == _DEFAULTS.get(role.name):
            players[role.name] = ScriptPlayer(role.script)
        elif model.role_agent:
            players[role.name] = role_player(role, model.role_agent, stage, record)
        elif model.scripted_agent is not None:
            players[role.name] = _critic_player(role, model.scripted_agent, stage, seed, record)
    return players


def _critic_player(
    role: Role, agent: ScriptedAgent, stage: Stage, seed: str, record: Record
) -> ScriptPlayer:
    """Return the player of a critic's script, with what the role puts around it."""
    turns = agent.script(stage, seed).turns
    if role.repeats and (last := next((t.text for t in reversed(turns) if t.text), "")):
        turns = (*turns, replace(turns[-1], text=last, calls=(), error=None))
    turns = (*role.opening, *turns)
    return AdaptivePlayer(turns, role.name, record) if agent.is_adaptive else ScriptPlayer(turns)
