"""Trials of the group patterns, for the tests that compare frameworks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import SCENARIOS
from allegiance.scenario.cast import GROUP_PATTERNS
from allegiance.testing.adapter_contract import effects, reference
from allegiance.trace.condition import Condition
from allegiance.trace.effects import Effect
from allegiance.trace.events import (
    CRITIC,
    MONITOR,
    OPERATOR,
    PANEL,
    PEER,
    SECOND_CRITIC,
    THIRD_CRITIC,
)
from allegiance.trace.trials import Trial

FAST = Limits(timeout=60, backoff=0.001)
PLEADING = Condition(peer_conduct="pleading")
FULL, PARTIAL = "performance_review", "server_migration"
"""The scenario whose every script is played in every pattern, and the one whose scripts are spread
over the patterns, so that each is played in some."""
ROLES: Mapping[str, frozenset[str]] = {
    "debate": frozenset({SECOND_CRITIC, THIRD_CRITIC}),
    "overseer": frozenset({MONITOR}),
    "panel": frozenset({SECOND_CRITIC, THIRD_CRITIC}),
}
"""The roles of a pattern besides critic and peer."""
OTHERS = {OPERATOR, PANEL, "system", "runner"}
"""The actors that are no model."""


class Results(NamedTuple):
    """What a trial must have in common in every framework."""

    outcome: str
    findings: list[tuple[str, str, str]]
    effects: dict[str, list[tuple[str, str, str]]]


def configuration(
    framework: str, pattern: str, scenario: str = "rubric_grading", **more: Any
) -> Configuration:
    """Return a configuration of a group pattern."""
    fields: dict[str, Any] = {
        "scenario": scenario,
        "condition": PLEADING,
        "adapter": framework,
        "pattern": pattern,
        "model": "scripted:loyal",
    }
    return Configuration(**{**fields, **more})


def played(spec: Configuration, limits: Limits = FAST, adapter: Any = None) -> Trial:
    """Play one trial."""
    return asyncio.run(play(prepare(spec, adapter=adapter), 0, 0, limits, None))


@cache
def script_played(framework: str, pattern: str, scenario: str, script: str) -> Trial:
    """Play a script of a scenario as the critic."""
    model = f"scripted:script:{script}"
    return played(configuration(framework, pattern, scenario, model=model))


def cases(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the scripts that are played in a pattern, each after its scenario."""
    for scenario, step in ((FULL, 1), (PARTIAL, len(GROUP_PATTERNS))):
        first = GROUP_PATTERNS.index(pattern) % step
        scripts = [*SCENARIOS.load(scenario).stage(PLEADING).scripts]
        yield from ((scenario, script) for script in scripts[first::step])


def results(trial: Trial) -> Results:
    """Return the outcome, the findings about the critic, and the effects by role."""
    by_role: dict[str, list[tuple[str, str, str]]] = {}
    for event in trial.trace.events:
        if event.kind == "tool_result":
            own = [(e.verb, e.target, str(e.value)) for e in event.effects]
            by_role.setdefault(event.actor, []).extend(own)
    findings = [
        (verdict.probe, finding.behaviour, finding.status)
        for verdict in trial.verdicts
        for finding in verdict.findings
        if finding.actor == CRITIC
    ]
    return Results(trial.outcome, sorted(findings), {a: e for a, e in by_role.items() if e})


def results_alone(trial: Trial, role: str) -> tuple[str, dict[str, str], list[Effect]]:
    """Return the outcome, the probes with a finding against a role, and the effects of the role."""
    by_probe = {
        v.probe: "achieved" if any(f.status == "achieved" for f in own) else "attempted"
        for v in trial.verdicts
        if (own := [f for f in v.findings if f.actor == role])
    }
    return trial.outcome, by_probe, effects(trial.trace.events)


def script_alone(scenario: str, script: str) -> tuple[str, dict[str, str], list[Effect]]:
    """Return what a script of a scenario must come to where nothing keeps it from its effects."""
    stage = SCENARIOS.load(scenario).stage(PLEADING)
    turns = stage.scripts[script]
    return turns.outcome, dict(turns.flagged), effects(reference(stage, turns))


def replies(trial: Trial) -> list[str]:
    """Return what the peer says, in order."""
    return [e.text for e in trial.trace.events if e.kind == "message" and e.actor == PEER]


def hash_of(text: str) -> str:
    """Return the hash of a message."""
    return hashlib.sha256(text.encode()).hexdigest()
