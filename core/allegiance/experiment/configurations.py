"""The configurations of a run: scenario, condition, pattern and model, each as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allegiance.errors import UserError
from allegiance.guard.decision import Policy
from allegiance.registry import SCENARIOS, adapter_info
from allegiance.scenario.cast import PEER_PATTERNS
from allegiance.scenario.published_rates import BEHAVIOUR_OF
from allegiance.scenario.roles import other_models, role_names
from allegiance.trace.condition import FACTORS, Condition, conditions, may_take_part
from allegiance.trace.model_names import CALIBRATED, SCRIPTED, SCRIPTED_PEER, is_scripted, recorded
from allegiance.trace.trials import ConfigurationKey
from allegiance.trace.wire import Wire

APP = "app"


class Configuration(Wire):
    """One configuration as data: what a worker process needs to play its trials.

    Attributes:
        scenario: The scenario's id.
        condition: The condition.
        adapter: The adapter's name.
        pattern: The pattern; ``app`` for the user's own app.
        model: The model in the critic's role, as on the command line.
        base_url: An OpenAI-compatible endpoint of the models, if any.
        peer_model: The model in the peer's role; empty for the scripted peer.
        app: ``package.module:build`` of the user's own app, if any.
        guard: The policy of a guard with the scenario's own probes; None for no guard.
        roles: The models of further roles, as pairs of role and model.
    """

    scenario: str
    condition: Condition
    adapter: str
    pattern: str
    model: str
    base_url: str | None = None
    peer_model: str = ""
    app: str | None = None
    guard: Policy | None = None
    roles: tuple[tuple[str, str], ...] = ()

    @property
    def full_pattern(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def configuration_key(self) -> ConfigurationKey:
        """The key by which the traces of its trials are grouped."""
        return ConfigurationKey(
            scenario=self.scenario,
            condition=self.condition.label(),
            full_pattern=self.full_pattern,
            model=recorded(self.model),
            peer_model=other_models(recorded(self.peer_model) or SCRIPTED_PEER, self.roles),
            app=self.app or "",
            guard=self.guard or "",
        )


@dataclass(frozen=True)
class RunPlan:
    """The configurations of a run, and why other combinations were left out."""

    configurations: tuple[Configuration, ...]
    left_out: tuple[str, ...]


# Over 50 lines: the keyword arguments and what they mean are half of them.
def expand(
    *,
    scenarios: Sequence[str] = (),
    adapters: Sequence[str] = ("langchain:agent",),
    factors: Mapping[str, Sequence[str | int]] | None = None,
    models: Sequence[str],
    base_url: str | None = None,
    peer_model: str = "",
    app: str | None = None,
    guard: Policy | None = None,
    roles: Sequence[str] = (),
) -> RunPlan:
    """Return every combination of scenarios, patterns, levels and models that makes sense.

    Adapters are not imported: what they can play is known without their frameworks.

    Args:
        scenarios: Ids of scenarios; empty for all.
        adapters: ``name`` for all of an adapter's patterns, or ``name:pattern``.
        factors: Levels by factor; other factors stay at their default level. Without
            ``peer_conduct``, a peer that can take part is silent; in a user's app it is absent,
            unless its model is named.
        models: The models to measure.
        base_url: An OpenAI-compatible endpoint of the models.
        peer_model: The model in the peer's role.
        app: The user's own app; the pattern is then ``app``.
        guard: The policy of a guard with each scenario's own probes.
        roles: The models of further roles, each as ``role=model``.

    Raises:
        UserError: For an unknown name, for a calibrated model in a scenario that is named and has
            no published rates, or if no combination makes sense.
    """
    chosen = {name: tuple(values) for name, values in (factors or {}).items()}
    for name in chosen:
        if name not in FACTORS:
            raise UserError(f"unknown factor {name!r}; the factors are {', '.join(FACTORS)}")
    stages = [SCENARIOS.load(name) for name in dict.fromkeys(scenarios or SCENARIOS.names())]
    places = list(dict.fromkeys(place for text in adapters for place in _places(text, app)))
    others = role_names(roles)
    spec: dict[str, Any] = {"peer_model": peer_model, "app": app, "guard": guard, "roles": others}
    # a user's app need not have an agent for the peer, unless the peer's model is named
    silent = "peer_conduct" not in chosen and (app is None or bool(peer_model))
    configurations: list[Configuration] = []
    left_out: list[str] = []
    for scenario in stages:
        rated, unrated = _by_rates(scenario.id, models)
        if unrated and scenarios:
            raise UserError(unrated[0])
        left_out += unrated
        for place in places:
            for condition in conditions(chosen):
                try:
                    checked = place.checked(condition, silent=silent)
                    scenario.check(checked)
                except UserError as error:
                    left_out.append(str(error))
                    continue
                configurations += [
                    Configuration(
                        scenario=scenario.id,
                        condition=checked,
                        adapter=place.adapter,
                        pattern=place.pattern,
                        model=model,
                        base_url=_endpoint(base_url, model, peer_model),
                        **spec,
                    )
                    for model in rated
                ]
    if not configurations:
        raise UserError(left_out[0] if left_out else "nothing to run: name at least one --model")
    return RunPlan(tuple(dict.fromkeys(configurations)), tuple(dict.fromkeys(left_out)))


@dataclass(frozen=True)
class _Place:
    """A pattern of an adapter, and whether the peer takes part in it."""

    adapter: str
    pattern: str
    live: bool

    def checked(self, condition: Condition, *, silent: bool) -> Condition:
        """Return a condition for this pattern.

        Args:
            condition: The condition.
            silent: Whether a peer that can take part is silent.

        Raises:
            UserError: If the peer is to act where it takes no part.
        """
        if silent and self.live and may_take_part(condition):
            condition = condition.model_copy(update={"peer_conduct": "silent"})
        if condition.peer_conduct != "absent" and not self.live:
            raise UserError(
                f"peer_conduct={condition.peer_conduct!r} makes no sense in "
                f"{self.adapter}:{self.pattern}: the peer takes no part in that pattern; use "
                "peer_conduct=absent"
            )
        if self.pattern in PEER_PATTERNS and condition.peer_conduct == "absent":
            raise UserError(
                f"{self.adapter}:{self.pattern} makes no sense without a peer in the conversation; "
                "use another level of peer_conduct or relationship, or another subject"
            )
        return condition


def _places(text: str, app: str | None) -> list[_Place]:
    """Return the patterns that ``name`` or ``name:pattern`` stands for.

    Raises:
        UserError: For an unknown adapter or pattern.
    """
    name, colon, pattern = text.partition(":")
    info = adapter_info(name)
    if app is not None:
        if pattern not in ("", APP):
            raise UserError(f"--app brings its own pattern; write --adapter {name}")
        return [_Place(name, APP, live=True)]
    if not colon:
        return [_Place(name, known, known in info.live) for known in info.patterns]
    known_patterns = (*info.patterns, *info.groups)
    if pattern not in known_patterns:
        raise UserError(
            f"adapter {name!r} has no pattern {pattern!r}; its patterns are "
            f"{', '.join(known_patterns)}"
        )
    return [_Place(name, pattern, pattern in info.live or pattern in info.groups)]


def _by_rates(scenario: str, models: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the models that can play a scenario, and why others, if calibrated, cannot."""
    rated, unrated = [], []
    for model in dict.fromkeys(models):
        calibrated = model.removeprefix(SCRIPTED).startswith(CALIBRATED)
        if calibrated and scenario not in BEHAVIOUR_OF:
            unrated.append(
                f"model {model!r} has no published rates for scenario {scenario!r}; there are "
                f"rates for {', '.join(sorted(BEHAVIOUR_OF))}"
            )
        else:
            rated.append(model)
    return rated, unrated


def _endpoint(base_url: str | None, *models: str) -> str | None:
    """Return the endpoint of models; None where all of them are scripted."""
    return None if all(is_scripted(model) for model in models if model) else base_url
