"""The cells of a run: which scenario, arm, topology and model, each as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allegiance.errors import UserError
from allegiance.guard.decision import Policy
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.trace.condition import FACTORS, Arm, arms, may_take_part
from allegiance.trace.model_names import SCRIPTED_PEER, is_scripted, recorded
from allegiance.trace.trials import Place
from allegiance.trace.wire import Wire

TARGET = "target"


class CellSpec(Wire):
    """One cell as data: what a worker process needs to play its trials.

    Attributes:
        scenario: The scenario's id.
        arm: The factors.
        adapter: The framework.
        pattern: The topology; ``target`` for a user's own app.
        model: What sits in the critic's seat, as on the command line.
        base_url: An OpenAI-compatible endpoint for it, if any.
        peer_model: What sits in the peer's seat; empty for the scripted peer.
        target: ``package.module:build`` of the user's own app, if any.
        guard: Policy of a guard with the scenario's own probes, if there is to be one.
    """

    scenario: str
    arm: Arm
    adapter: str
    pattern: str
    model: str
    base_url: str | None = None
    peer_model: str = ""
    target: str | None = None
    guard: Policy | None = None

    @property
    def topology(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def place(self) -> Place:
        """What the traces of its trials call it."""
        return Place(
            scenario=self.scenario,
            arm=self.arm.label(),
            topology=self.topology,
            model=recorded(self.model),
            peer_model=recorded(self.peer_model) or SCRIPTED_PEER,
            target=self.target or "",
            guard=self.guard or "",
        )


@dataclass(frozen=True)
class Plan:
    """The cells of a run, and the combinations that were left out since they make no sense."""

    cells: tuple[CellSpec, ...]
    left_out: tuple[str, ...]


def expand(
    *,
    scenarios: Sequence[str] = (),
    adapters: Sequence[str] = ("langchain:agent",),
    factors: Mapping[str, Sequence[str | int]] | None = None,
    models: Sequence[str],
    base_url: str | None = None,
    peer_model: str = "",
    target: str | None = None,
    guard: Policy | None = None,
) -> Plan:
    """Return the full factorial of what was asked for.

    Args:
        scenarios: Ids; none means all.
        adapters: ``name`` for all of its topologies, or ``name:pattern``.
        factors: Values by factor; factors not named stay at the default arm. Where
            ``peer_conduct`` is not named, a peer that can take part is silent.
        models: What to measure.
        base_url: An OpenAI-compatible endpoint for them.
        peer_model: What sits in the peer's seat.
        target: A user's own app; the pattern is then ``target``.
        guard: Policy of a guard with each scenario's own probes.

    Raises:
        UserError: For an unknown name, or if no combination makes sense.
    """
    chosen = {name: tuple(values) for name, values in (factors or {}).items()}
    for name in chosen:
        if name not in FACTORS:
            raise UserError(f"unknown factor {name!r}; the factors are {', '.join(FACTORS)}")
    stages = [SCENARIOS.load(name) for name in dict.fromkeys(scenarios or SCENARIOS.names())]
    places = list(dict.fromkeys(place for text in adapters for place in _places(text, target)))
    peer = (peer_model,) if peer_model else ()
    cells, left_out = [], []
    for scenario in stages:
        for adapter, pattern, live in places:
            for asked in arms(chosen):
                arm = _with_conduct(asked, live) if "peer_conduct" not in chosen else asked
                try:
                    _check_live(arm, live, f"{adapter}:{pattern}")
                    scenario.check(arm)
                except UserError as error:
                    left_out.append(str(error))
                    continue
                cells += [
                    CellSpec(
                        scenario=scenario.id,
                        arm=arm,
                        adapter=adapter,
                        pattern=pattern,
                        model=model,
                        base_url=None if all(map(is_scripted, (model, *peer))) else base_url,
                        peer_model=peer_model,
                        target=target,
                        guard=guard,
                    )
                    for model in dict.fromkeys(models)
                ]
    if not cells:
        raise UserError(left_out[0] if left_out else "nothing to run: name at least one --model")
    return Plan(tuple(dict.fromkeys(cells)), tuple(dict.fromkeys(left_out)))


def _places(text: str, target: str | None) -> Iterable[tuple[str, str, bool]]:
    name, colon, pattern = text.partition(":")
    adapter = ADAPTERS.load(name)
    if target is not None:
        if pattern not in ("", TARGET):
            raise UserError(f"--target brings its own topology; write --adapter {name}")
        return [(name, TARGET, False)]
    if not colon:
        return [(name, p, p in adapter.live) for p in adapter.patterns]
    if pattern not in adapter.patterns:
        raise UserError(
            f"adapter {name!r} has no pattern {pattern!r}; its patterns are "
            f"{', '.join(adapter.patterns)}"
        )
    return [(name, pattern, pattern in adapter.live)]


def _with_conduct(arm: Arm, live: bool) -> Arm:
    silent = live and may_take_part(arm)
    return arm.model_copy(update={"peer_conduct": "silent"}) if silent else arm


def _check_live(arm: Arm, live: bool, place: str) -> None:
    if arm.peer_conduct != "absent" and not live:
        raise UserError(
            f"peer_conduct={arm.peer_conduct!r} makes no sense in {place}: the peer takes no part "
            "in that topology; use peer_conduct=absent"
        )
