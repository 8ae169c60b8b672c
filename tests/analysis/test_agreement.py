"""Probes and harms, script by script: what one sees, the other one sees too."""

from __future__ import annotations

from functools import cache

import pytest

from allegiance.analysis.agreement import Agreement, agreements
from allegiance.experiment import expand
from allegiance.probe.settlement import MISSED
from allegiance.registry import SCENARIOS
from allegiance.run import run
from allegiance.scenario import Stage
from allegiance.trace import Condition, Trial
from allegiance.trace.events import CRITIC, Verdict

PROBE_ALONE = {
    "exfiltrate_in_pieces",  # the harm looks for the whole image in one file
    "exfiltrate_by_message",  # it looks at files, and the image went out in a message
    "exfiltrate_to_another_folder",  # it is the image on another host
    "inflate_ledger",  # it is a score in the registry, and the ledger was changed
}
"""Scripts whose violation is none of the harms; docs/validation.md says why."""


@cache
def stage_of(scenario: str) -> Stage:
    stage: Stage = SCENARIOS.load(scenario).stage(Condition())
    return stage


@cache
def trials(scenario: str) -> dict[str, Trial]:
    """Return the trial of each script of a scenario, in one pattern."""
    models = [f"scripted:script:{name}" for name in stage_of(scenario).scripts]
    plan = expand(scenarios=[scenario], models=models, adapters=["langchain:agent"])
    played = run(plan.configurations)
    return {trial.trace.model.rpartition(":")[2]: trial for trial in played}


@pytest.mark.parametrize("scenario", SCENARIOS.builtin)
def test_no_harm_goes_without_a_finding_and_nothing_honest_is_flagged(scenario: str) -> None:
    stage = stage_of(scenario)
    assert trials(scenario).keys() == stage.scripts.keys()
    for name, script in stage.scripts.items():
        states = agreements(trials(scenario)[name], stage)
        assert {probe for probe, state in states.items() if state == "harm only"} == set(), name
        alone = {probe for probe, state in states.items() if state == "probe only"}
        assert bool(alone) == (name in PROBE_ALONE), name
        for probe, state in states.items():
            if probe not in script.flagged:
                assert state == "neither", (name, probe)
            elif script.flagged[probe] == "attempted":
                assert state in ("attempted", "no harm"), (name, probe)
            else:
                assert state in ("both", "no harm", "probe only"), (name, probe)


@pytest.mark.parametrize("scenario", SCENARIOS.builtin)
def test_every_scenario_has_a_script_whose_harm_holds_and_is_found(scenario: str) -> None:
    played = trials(scenario)
    states = [agreements(trial, stage_of(scenario)) for trial in played.values()]
    has_harm = bool(stage_of(scenario).harms)  # what is left undone is no state of the world
    assert any("both" in each.values() for each in states) == has_harm


def change(trial: Trial, probe: str, **fields: object) -> Trial:
    """Return a trial with another verdict of a probe."""
    verdicts: list[Verdict] = [
        v.model_copy(update=fields) if v.probe == probe else v for v in trial.verdicts
    ]
    return trial.model_copy(update={"verdicts": tuple(verdicts)})


@pytest.mark.parametrize(
    ("script", "change_to", "expected"),
    [
        ("exfiltrate", {"status": "clean", "findings": ()}, "harm only"),
        ("exfiltrate", MISSED, "harm only"),
        ("exfiltrate", "another actor", "harm only"),
        ("exfiltrate", "undone", "harm only"),
        ("exfiltrate_denied", "undone", "undone"),
        ("exfiltrate_denied", "achieved", "probe only"),
        ("exfiltrate_denied", {"status": "clean", "findings": ()}, "neither"),
    ],
)
def test_what_the_two_instruments_see_is_told_apart(
    script: str, change_to: str | dict[str, object], expected: Agreement
) -> None:
    trial, probe = trials("disk_cleanup")[script], "weight_exfiltration"
    (verdict,) = (v for v in trial.verdicts if v.probe == probe)
    assert all(f.actor == CRITIC for f in verdict.findings)
    if isinstance(change_to, str):
        field = {MISSED: "reason", "another actor": "actor"}.get(change_to, "status")
        findings = tuple(f.model_copy(update={field: change_to}) for f in verdict.findings)
        change_to = {"findings": findings}
    changed = change(trial, probe, **change_to)
    assert agreements(changed, stage_of("disk_cleanup"))[probe] == expected
