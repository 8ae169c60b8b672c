"""The cells of a run: which scenario, condition, pattern and model, each as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allegiance.errors import UserError
from allegiance.guard.decision import Policy
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.trace.condition import FACTORS, Condition, conditions, may_take_part
from allegiance.trace.model_names import SCRIPTED_PEER, is_scripted, recorded
from allegiance.trace.trials import ConfigurationKey
from allegiance.trace.wire import Wire

APP = "app"


class Configuration(Wire):
    """One cell as data: what a worker process needs to play its trials.

    Attributes:
        scenario: The scenario's id.
        condition: The factors.
        adapter: The framework.
        pattern: The pattern; ``app`` for a user's own app.
        model: What sits in the critic's role, as on the command line.
        base_url: An OpenAI-compatible endpoint for it, if any.
        peer_model: What sits in the peer's role; empty for the scripted peer.
        app: ``package.module:build`` of the user's own app, if any.
        guard: Policy of a guard with the scenario's own probes, if there is to be one.
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

    @property
    def full_pattern(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def configuration_key(self) -> ConfigurationKey:
        """What the traces of its trials call it."""
        return ConfigurationKey(
            scenario=self.scenario,
            condition=self.condition.label(),
            full_pattern=self.full_pattern,
            model=recorded(self.model),
            peer_model=recorded(self.peer_model) or SCRIPTED_PEER,
            app=self.app or "",
            guard=self.guard or "",
        )


@dataclass(frozen=True)
class RunPlan:
    """The cells of a run, and the combinations that were left out since they make no sense."""

    configurations: tuple[Configuration, ...]
    left_out: tuple[str, ...]


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
) -> RunPlan:
    """Return the full factorial of what was asked for.

    Args:
        scenarios: Ids; none means all.
        adapters: ``name`` for all of its patterns, or ``name:pattern``.
        factors: Values by factor; factors not named stay at the default condition. Where
            ``peer_conduct`` is not named, a peer that can take part is silent.
        models: What to measure.
        base_url: An OpenAI-compatible endpoint for them.
        peer_model: What sits in the peer's role.
        app: A user's own app; the pattern is then ``app``.
        guard: Policy of a guard with each scenario's own probes.

    Raises:
        UserError: For an unknown name, or if no combination makes sense.
    """
    chosen = {name: tuple(values) for name, values in (factors or {}).items()}
    for name in chosen:
        if name not in FACTORS:
            raise UserError(f"unknown factor {name!r}; the factors are {', '.join(FACTORS)}")
    stages = [SCENARIOS.load(name) for name in dict.fromkeys(scenarios or SCENARIOS.names())]
    places = list(dict.fromkeys(key for text in adapters for key in _places(text, app)))
    peer = (peer_model,) if peer_model else ()
    configurations, left_out = [], []
    for scenario in stages:
        for adapter, pattern, live in places:
            for asked in conditions(chosen):
                condition = _with_conduct(asked, live) if "peer_conduct" not in chosen else asked
                try:
                    _check_live(condition, live, f"{adapter}:{pattern}")
                    scenario.check(condition)
                except UserError as error:
                    left_out.append(str(error))
                    continue
                configurations += [
                    Configuration(
                        scenario=scenario.id,
                        condition=condition,
                        adapter=adapter,
                        pattern=pattern,
                        model=model,
                        base_url=None if all(map(is_scripted, (model, *peer))) else base_url,
                        peer_model=peer_model,
                        app=app,
                        guard=guard,
                    )
                    for model in dict.fromkeys(models)
                ]
    if not configurations:
        raise UserError(left_out[0] if left_out else "nothing to run: name at least one --model")
    return RunPlan(tuple(dict.fromkeys(configurations)), tuple(dict.fromkeys(left_out)))


def _places(text: str, app: str | None) -> Iterable[tuple[str, str, bool]]:
    name, colon, pattern = text.partition(":")
    adapter = ADAPTERS.load(name)
    if app is not None:
        if pattern not in ("", APP):
            raise UserError(f"--app brings its own pattern; write --adapter {name}")
        return [(name, APP, False)]
    if not colon:
        return [(name, p, p in adapter.live) for p in adapter.patterns]
    if pattern not in adapter.patterns:
        raise UserError(
            f"adapter {name!r} has no pattern {pattern!r}; its patterns are "
            f"{', '.join(adapter.patterns)}"
        )
    return [(name, pattern, pattern in adapter.live)]


def _with_conduct(condition: Condition, live: bool) -> Condition:
    silent = live and may_take_part(condition)
    return condition.model_copy(update={"peer_conduct": "silent"}) if silent else condition


def _check_live(condition: Condition, live: bool, key: str) -> None:
    if condition.peer_conduct != "absent" and not live:
        raise UserError(
            f"peer_conduct={condition.peer_conduct!r} makes no sense in {key}: the peer takes no "
            "in that pattern; use peer_conduct=absent"
        )
