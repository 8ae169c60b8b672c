"""The group patterns in CrewAI: native constructs, LangGraph's results, and who did what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from group_plays import FULL, OTHERS, PARTIAL, PLEADING, ROLES, configuration, hash_of, played

pytest.importorskip("crewai")

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.adapters.crewai.crews import CONTEXT, signed
from allegiance.adapters.crewai.roles import RoleLLM
from allegiance.registry import SCENARIOS, adapter_info
from allegiance.scenario.cast import EXCHANGES, GROUP_PATTERNS, PEER_PATTERNS
from allegiance.trace.events import CRITIC, MONITOR, PANEL, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.trials import Trial

STEP = len(GROUP_PATTERNS)
"""Each script is played in one pattern: a play takes CrewAI 70 ms of CPU and more."""


def test_the_patterns_are_those_of_every_framework() -> None:
    assert adapter_info("crewai").groups == GROUP_PATTERNS
    assert ADAPTER.groups == GROUP_PATTERNS


def scripts(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield every eighth script, each after its scenario; each pattern has others."""
    for scenario in (FULL, PARTIAL):
        names = [*SCENARIOS.load(scenario).stage(PLEADING).scripts]
        yield from ((scenario, name) for name in names[GROUP_PATTERNS.index(pattern) :: STEP])


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
        "findings": sorted(findings),
        "acts": acts,
        "roles": trial.roles,
        "turns": {role: usage.turns for role, usage in trial.trace.usage_by_role.items()},
    }


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_a_script_has_the_results_that_it_has_in_langgraph(pattern: str) -> None:
    for scenario, name in scripts(pattern):
        model = f"scripted:script:{name}"
        ours = played(configuration("crewai", pattern, scenario, model=model))
        theirs = played(configuration("langgraph", pattern, scenario, model=model))
        assert result(ours) == result(theirs), (scenario, name)
        check_attribution(pattern, ours)


def check_attribution(pattern: str, trial: Trial) -> None:
    """Check that every event has the role that acted."""
    roles = {CRITIC, PEER} | ROLES.get(pattern, set())
    events = trial.trace.events
    assert set(trial.trace.usage_by_role) == roles
    assert {e.actor for e in events} - OTHERS == roles
    calls: dict[str, set[str]] = {}
    for event in events:
        if event.kind == "tool_call":
            calls.setdefault(event.actor, set()).add(str(event.tool))
    assert calls.get(MONITOR, set()) <= {"raise_concern"}
    assert calls.get(PEER, set()) <= {"review_colleague"}
    assert calls.get(PANEL, {"count_votes"}) == {"count_votes"}
    turns = sum(usage.turns for usage in trial.trace.usage_by_role.values())
    assert turns == trial.trace.usage.turns


def shown_to(role: str, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return a list of what a role's model is shown from now on, each the texts of a request."""
    shown: list[list[str]] = []
    call = RoleLLM.call

    def noted(self: RoleLLM, messages: Any, *args: Any, **kwargs: Any) -> Any:
        if self.role == role:
            shown.append([str(message.get("content") or "") for message in messages])
        return call(self, messages, *args, **kwargs)

    monkeypatch.setattr(RoleLLM, "call", noted)
    return shown


def hears(request: list[str], speaker: str, text: str) -> bool:
    """Tell by its hash whether a request has what a speaker said, with its speaker."""
    words = signed(speaker, text)
    starts = ((t, t.find(signed(speaker, ""), n)) for t in request for n in range(len(t)))
    return hash_of(words) in {hash_of(t[n : n + len(words)]) for t, n in starts if n >= 0}


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_the_critic_is_shown_what_the_peer_says(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = shown_to(CRITIC, monkeypatch)
    trial = played(configuration("crewai", pattern))
    turns = [
        (e.actor, e.text)
        for e in trial.trace.events
        if e.kind == "message" and e.actor in (PEER, CRITIC)
    ]
    replies = [text for actor, text in turns if actor == PEER]
    heard = replies[:-1] if pattern == "reciprocal" else replies  # its review comes last
    for text in heard:
        first = next((n for n, request in enumerate(shown) if hears(request, PEER, text)), None)
        assert first is not None, text
    assert hears(shown[0], PEER, replies[0])  # the first reply in the first request after it
    assert not hears(shown[0], PEER, "Nobody said this.")
    if pattern == "dialogue":
        assert len(replies) == EXCHANGES


@pytest.mark.parametrize("pattern", ["dialogue", "revision", "reciprocal", "sessions"])
def test_the_peer_is_shown_what_the_critic_says(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pattern in PEER_PATTERNS
    shown = shown_to(PEER, monkeypatch)
    trial = played(configuration("crewai", pattern))
    words = [e.text for e in trial.trace.events if e.kind == "message" and e.actor == CRITIC]
    told = {"revision": words[0], "sessions": words[0]}.get(pattern, words[-1])
    assert any(hears(request, CRITIC, told) for request in shown)


@pytest.mark.parametrize("pattern", ["sequential", "flow"])
def test_the_context_of_a_handover_names_its_author(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = shown_to(CRITIC, monkeypatch)
    trial = played(configuration("crewai", pattern))
    handover = next(e.text for e in trial.trace.events if e.actor == PEER)
    assert any(f"{CONTEXT}\n{signed('worker', handover)}" in text for text in shown[0])


def test_a_monitor_is_shown_everything_and_what_it_makes_of_it_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def result_of(critic: str, monitor: str) -> Trial:
        roles = ((MONITOR, f"scripted:{monitor}"),)
        return played(configuration("crewai", "overseer", model=f"scripted:{critic}", roles=roles))

    shown = shown_to(MONITOR, monkeypatch)
    quiet = result_of("inflator", "sleepy")
    assert quiet.roles[MONITOR].monitor == "missed"
    for event in quiet.trace.events:
        if event.actor == CRITIC and event.kind == "message":
            assert any(f"The reviewer says: {event.text}" in text for text in shown[0])
    assert any("The reviewer calls: submit_evaluation" in text for text in shown[0])
    assert result_of("inflator", "loyal").roles[MONITOR].monitor == "reported"
    assert result_of("loyal", "alarmist").roles[MONITOR].monitor == "false alarm"


def test_roles_are_chosen_by_the_configuration() -> None:
    careless = (("operator", "scripted:rubber_stamp"),)
    trial = played(configuration("crewai", "approval", model="scripted:inflator", roles=careless))
    assert any(v.probe == "score_inflation" and v.achieved for v in trial.verdicts)
    disloyal = ((SECOND_CRITIC, "scripted:inflator"),)
    two = played(configuration("crewai", "panel", model="scripted:inflator", roles=disloyal))
    scores = {x.value for e in two.trace.events if e.actor == PANEL for x in e.effects}
    assert 95.0 in scores
    assert two.roles[SECOND_CRITIC].outcome == "violated"
    assert two.roles[THIRD_CRITIC].outcome == "complied"


def test_a_role_that_must_speak_and_does_not_leaves_the_trial_unscored() -> None:
    class Deaf:
        """Plays a crew in which the monitor has no task."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ADAPTER, name)

        async def play(self, setup: Any, prepared: Any, session: Any) -> None:
            await ADAPTER.play(replace(setup, pattern="sequential"), prepared, session)

    trial = played(configuration("crewai", "overseer"), adapter=Deaf())
    assert trial.trace.provenance["roles that never spoke"] == MONITOR
    assert trial.outcome == "incomplete"
