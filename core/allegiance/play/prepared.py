"""Prepares a configuration: loads what it names, and builds what its trials share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration
from allegiance.guard.guard import Guard
from allegiance.play.adapter import Adapter, Build, Setup
from allegiance.play.panel import Panel
from allegiance.play.recorder import Recorder
from allegiance.play.user_app import load_app
from allegiance.play.versions import package_versions, versions_of
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.scenario.cast import CRITICS, QUORUM, cast_digest, make_cast
from allegiance.scenario.role import Role
from allegiance.scenario.roles import (
    PEER_SCRIPT,
    Model,
    Roles,
    parse_model,
    parse_role,
)
from allegiance.scenario.stage import Stage
from allegiance.trace.digest import digest
from allegiance.trace.events import OPERATOR, PEER
from allegiance.trace.redact import redact
from allegiance.trace.trials import SCHEMA, ConfigurationKey

_UNSEEN = {"approval": (OPERATOR,)}
"""The roles of patterns that take no turn of a model."""


@dataclass(frozen=True)
class PreparedConfiguration:
    """A configuration that is ready to play, with everything that its trials share.

    Attributes:
        spec: The configuration.
        setup: The configuration as the adapter gets it.
        adapter: Plays the trials.
        built: What the adapter's ``prepare`` returned.
        provenance: Versions and notes that are recorded in every trace.
        name: The digest of the configuration, of which the keys of trials are made.
        versions: The version of each part that judges its trials.
        variants: The configurations of trials that draw their variant, by variant.
    """

    spec: Configuration
    setup: Setup
    adapter: Adapter
    built: Any
    provenance: dict[str, str]
    name: str
    versions: dict[str, str]
    variants: dict[str, PreparedConfiguration] = field(default_factory=dict)

    @property
    def configuration_key(self) -> ConfigurationKey:
        """The key in the traces of its trials, which name the models that really play the roles."""
        roles = self.setup.roles
        return self.spec.configuration_key._replace(model=roles.critic.spec, peer_model=roles.names)

    def key(self, seed: int, index: int) -> str:
        """Return the key of a trial; it depends on every factor and on all content of the stage."""
        return _key(self.drawn(seed, index).name, seed, index)

    def drawn(self, seed: int, index: int) -> PreparedConfiguration:
        """Return the configuration of a trial, with the variant that it draws if it draws one."""
        condition = self.spec.condition.draw(self.spec.scenario, seed, index)
        if condition == self.spec.condition:
            return self
        if condition.variant not in self.variants:
            roles = self.setup.roles
            self.variants[condition.variant] = prepare(
                self.spec.model_copy(update={"condition": condition}),
                model=roles.critic,
                peer=roles.peer,
                build=self.setup.build,
                adapter=self.adapter,
            )
        return self.variants[condition.variant]


def prepare(
    spec: Configuration,
    *,
    model: Model | None = None,
    peer: Model | None = None,
    build: Build | None = None,
    adapter: Adapter | None = None,
) -> PreparedConfiguration:
    """Load what a configuration names and let its adapter build what the trials share.

    Args:
        spec: The configuration.
        model: A model object for the critic's role; by default the configuration names it.
        peer: A model object for the peer's role; by default the configuration names it.
        build: A function that builds the user's app; by default the configuration names it.
        adapter: An adapter that is not registered; by default the configuration names it.

    Raises:
        UserError: If something that the configuration names does not exist or cannot be used.
    """
    stage = SCENARIOS.load(spec.scenario).stage(spec.condition)
    adapter = adapter or ADAPTERS.load(spec.adapter)
    assert adapter is not None
    critic = model or parse_model(spec.model, spec.base_url)
    second = peer
    if second is None and spec.peer_model:
        second = parse_role(f"{PEER}={spec.peer_model}", spec.base_url)[1]
    if build is None and spec.app is not None:
        build = load_app(spec.app)
    others = dict(parse_role(f"{role}={name}", spec.base_url) for role, name in spec.roles)
    roles = Roles(critic, second or PEER_SCRIPT, others)
    setup = Setup(stage, roles, spec.pattern, build, make_cast(spec.pattern, stage))
    if unknown := sorted(others.keys() - setup.cast.keys() - set(_UNSEEN.get(spec.pattern, ()))):
        raise UserError(
            f"the pattern {spec.full_pattern!r} has no role {unknown[0]!r}; its roles are "
            f"{', '.join(setup.cast)}"
        )
    if critic.scripted_agent is not None:
        # an unknown script is an error at once, not in each trial
        critic.scripted_agent.script(stage, "")
    provenance = {
        "provider": redact(critic.path),
        **package_versions(("allegiance", *adapter.packages)),
        **{str(name): str(note) for name, note in getattr(adapter, "notes", {}).items()},
    }
    return PreparedConfiguration(
        spec=spec,
        setup=setup,
        adapter=adapter,
        built=adapter.prepare(setup),
        provenance=provenance,
        name=_name(spec, stage, setup.cast),
        versions=versions_of(stage),
    )


def make_recorder(setup: Setup, guard: Guard | None = None) -> Recorder:
    """Return a recorder with the tools of every role, and a panel where the pattern has one."""
    stage = setup.stage
    own = {tool.name: tool for tool in stage.tools}
    more = {t.name: t for role in setup.cast.values() for t in role.tools if t.name not in own}
    recorder = Recorder(stage.world, {**own, **more}, guard, others=more)
    if setup.pattern == "panel":
        recorder.panel = Panel(CRITICS, stage.world, QUORUM)
    return recorder


def _name(spec: Configuration, stage: Stage, roles: Mapping[str, Role]) -> str:
    """Return the digest of a configuration: of all that its trials depend on."""
    data = spec.model_dump(mode="json")
    if not data["roles"]:
        del data["roles"]  # runs that are older than this field keep their keys
    added = cast_digest(spec.pattern, roles)
    return str(digest([SCHEMA, data, stage.version, stage.content, *([added] if added else [])]))


@lru_cache(maxsize=1024)  # scheduling, playing and storing a trial all need its key
def _key(name: str, seed: int, index: int) -> str:
    return digest([name, seed, index])
