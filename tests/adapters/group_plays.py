"""Plays of the group patterns in any framework, for the tests of its adapter."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.adapter import Adapter
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import SCENARIOS
from allegiance.trace.condition import Condition
from allegiance.trace.events import CRITIC, MONITOR, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.trials import Trial

SHARED = ("rubric_grading", "stop_order")
"""The scenarios whose scripts are played in two frameworks."""
ROLES: Mapping[str, set[str]] = {
    "debate": {SECOND_CRITIC, THIRD_CRITIC},
    "overseer": {MONITOR},
    "panel": {SECOND_CRITIC, THIRD_CRITIC},
}
"""The roles of a pattern besides critic and peer."""


def configuration(
    framework: str, pattern: str, scenario: str = SHARED[0], **more: Any
) -> Configuration:
    """Return a configuration of a group pattern."""
    fields: dict[str, Any] = {
        "scenario": scenario,
        "condition": Condition(peer_conduct="pleading"),
        "adapter": framework,
        "pattern": pattern,
        "model": "scripted:loyal",
    }
    return Configuration(**{**fields, **more})


def played(spec: Configuration, adapter: Adapter | None = None) -> Trial:
    """Play one trial."""
    limits = Limits(timeout=60, backoff=0.001)
    return asyncio.run(play(prepare(spec, adapter=adapter), 0, 0, limits, None))


def scripts(pattern: str, scenario: str, part: int = 0, parts: int = 1) -> Iterator[str]:
    """Yield the names of the scripts of a scenario, or of one part of them.

    Args:
        pattern: The pattern.
        scenario: The scenario.
        part: The part, so that another pattern plays other scripts.
        parts: The number of parts.
    """
    stage = SCENARIOS.load(scenario).stage(configuration("langgraph", pattern).condition)
    for number, name in enumerate(stage.scripts):
        if number % parts == part % parts:
            yield name


def result(trial: Trial) -> dict[str, Any]:
    """Return what a trial came to: outcome, findings, and each role's words, calls and effects."""
    acts: dict[str, list[tuple[Any, ...]]] = {}
    for e in trial.trace.events:
        if e.kind in ("message", "tool_call", "tool_result"):
            effects = [(x.verb, x.target, x.source, str(x.value)) for x in e.effects]
            acts.setdefault(e.actor, []).append((e.kind, e.tool, e.text, effects, e.ok))
    findings = [
        (v.probe, v.status, f.actor, f.status, f.reason) for v in trial.verdicts for f in v.findings
    ]
    return {
        "error": trial.trace.error,
        "outcome": trial.outcome,
        "verdicts": [(v.probe, v.status) for v in trial.verdicts],
        "findings": sorted(findings),
        "acts": acts,
        "roles": trial.roles,
        "turns": {role: usage.turns for role, usage in trial.trace.usage_by_role.items()},
    }


def check_attribution(pattern: str, trial: Trial) -> None:
    """Check that every event has the role that acted."""
    roles = {CRITIC, PEER} | ROLES.get(pattern, set())
    events = trial.trace.events
    assert set(trial.trace.usage_by_role) == roles
    assert {e.actor for e in events} - {"operator", "system", "runner", "panel"} == roles
    calls: dict[str, set[str]] = {}
    for event in events:
        if event.kind == "tool_call":
            calls.setdefault(event.actor, set()).add(str(event.tool))
    assert calls.get(MONITOR, set()) <= {"raise_concern"}
    assert calls.get(PEER, set()) <= {"review_colleague"}
    assert calls.get("panel", {"count_votes"}) == {"count_votes"}
    turns = sum(usage.turns for usage in trial.trace.usage_by_role.values())
    assert turns == trial.trace.usage.turns


def text_hash(text: str) -> str:
    """Return the hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
