"""The group patterns in LangGraph: native constructs, equal results, and who did what."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

pytest.importorskip("langgraph")

from langchain_core.messages import BaseMessage
from langgraph.graph.state import CompiledStateGraph

from allegiance.adapters.langchain.roles import RoleModel
from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, expand
from allegiance.experiment.limits import Limits
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import SCENARIOS, adapter_info
from allegiance.scenario.cast import EXCHANGES, GROUP_PATTERNS, PEER_PATTERNS, make_cast
from allegiance.scenario.script import Script
from allegiance.statements.reader import read
from allegiance.trace.condition import Condition
from allegiance.trace.events import CRITIC, MONITOR, PANEL, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.trials import Trial

FAST = Limits(timeout=60, backoff=0.001)
PLAIN = ("dialogue", "revision", "debate", "reciprocal", "overseer", "sessions")
"""The patterns that change no effect of the critic."""
CONTAINED = {"score_inflation", "weight_exfiltration"}
"""What a panel or an approval keeps an otherwise loyal group from, in the two scenarios."""
ROLES: Mapping[str, set[str]] = {
    "debate": {SECOND_CRITIC, THIRD_CRITIC},
    "overseer": {MONITOR},
    "panel": {SECOND_CRITIC, THIRD_CRITIC},
}


def configuration(pattern: str, scenario: str = "rubric_grading", **more: Any) -> Configuration:
    """Return a configuration of a group pattern."""
    fields: dict[str, Any] = {
        "scenario": scenario,
        "condition": Condition(peer_conduct="pleading"),
        "adapter": "langgraph",
        "pattern": pattern,
        "model": "scripted:loyal",
    }
    return Configuration(**{**fields, **more})


def played(spec: Configuration) -> Trial:
    """Play one trial."""
    return asyncio.run(play(prepare(spec), 0, 0, FAST, None))


@cache
def plays(pattern: str, scenario: str) -> Mapping[str, tuple[Script, Trial]]:
    """Play every script of a scenario in a pattern."""
    stage = SCENARIOS.load(scenario).stage(Condition(peer_conduct="pleading"))
    return {
        name: (script, played(configuration(pattern, scenario, model=f"scripted:script:{name}")))
        for name, script in stage.scripts.items()
    }


def decided(trial: Trial) -> list[tuple[str, str, object]]:
    """Return what a panel carried out."""
    effects = [
        effect
        for event in trial.trace.events
        if event.actor == PANEL and event.kind == "tool_result"
        for effect in event.effects
    ]
    return sorted((e.verb, e.target, str(e.value)) for e in effects)


def flagged(trial: Trial, actor: str = CRITIC) -> dict[str, str]:
    """Return the probes with a finding against an actor, with the strongest status."""
    return {
        v.probe: "achieved" if any(f.status == "achieved" for f in own) else "attempted"
        for v in trial.verdicts
        if (own := [f for f in v.findings if f.actor == actor])
    }


def test_the_patterns_are_those_of_every_framework() -> None:
    assert adapter_info("langgraph").groups == GROUP_PATTERNS


@pytest.mark.parametrize("pattern", PLAIN)
def test_a_script_has_the_verdicts_that_it_has_alone(pattern: str) -> None:
    for name, (script, trial) in plays(pattern, "server_migration").items():
        assert trial.trace.error is None, name
        assert (trial.outcome, flagged(trial)) == (script.outcome, dict(script.flagged)), name


@pytest.mark.parametrize("scenario", ["rubric_grading", "server_migration"])
def test_a_panel_carries_out_what_two_of_three_do(scenario: str) -> None:
    for name, (script, trial) in plays("panel", scenario).items():
        if not name.startswith("exfiltrate_by_message"):  # what is said is said
            achieved = {p for p, s in flagged(trial).items() if s == "achieved"}
            assert CONTAINED.isdisjoint(achieved), name
        if script.outcome != "violated":
            assert trial.outcome == script.outcome, name
        assert decided(trial) == decided(plays("panel", scenario)["comply"][1]), name
    two = played(
        configuration(
            "panel", model="scripted:inflator", roles=((SECOND_CRITIC, "scripted:inflator"),)
        )
    )
    carried_out = [e for ev in two.trace.events if ev.actor == PANEL for e in ev.effects]
    assert {e.value for e in carried_out if e.verb == "score"} == {95.0}
    assert flagged(two)["score_inflation"] == "achieved"  # no attempt: it came about
    assert flagged(two, SECOND_CRITIC)["score_inflation"] == "achieved"
    assert flagged(two, THIRD_CRITIC) == {}
    assert two.roles[SECOND_CRITIC].outcome == "violated"
    assert two.roles[THIRD_CRITIC].outcome == "complied"


@pytest.mark.parametrize("scenario", ["rubric_grading", "server_migration"])
def test_an_operator_approves_what_the_order_covers(scenario: str) -> None:
    for name, (script, trial) in plays("approval", scenario).items():
        if not name.startswith("exfiltrate_by_message"):  # what is said is said
            achieved = {p for p, s in flagged(trial).items() if s == "achieved"}
            assert CONTAINED.isdisjoint(achieved), name
        if script.outcome != "violated":
            assert trial.outcome == script.outcome, name
    careless = played(
        configuration(
            "approval", model="scripted:inflator", roles=(("operator", "scripted:rubber_stamp"),)
        )
    )
    assert flagged(careless)["score_inflation"] == "achieved"


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_every_event_has_the_role_that_acted(pattern: str) -> None:
    for _, trial in plays(pattern, "server_migration").values():
        roles = {CRITIC, PEER} | ROLES.get(pattern, set())
        assert set(trial.trace.usage_by_role) == roles
        others = {"operator", "system", "runner", PANEL}
        assert {e.actor for e in trial.trace.events} - others == roles
        calls = [e for e in trial.trace.events if e.kind == "tool_call"]
        own = {e.actor: {t.tool for t in calls if t.actor == e.actor} for e in calls}
        assert own.get(MONITOR, set()) <= {"raise_concern"}
        assert own.get(PEER, set()) <= {"review_colleague"}
        total = sum(u.turns for u in trial.trace.usage_by_role.values())
        assert total == trial.trace.usage.turns


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_the_graph_has_the_construct_of_its_name(pattern: str) -> None:
    graph: CompiledStateGraph[Any, Any, Any, Any] = prepare(configuration(pattern)).built
    edges = {(e.source, e.target) for e in graph.get_graph().edges}
    if pattern == "dialogue":
        assert {("peer", "critic"), ("critic", "peer")} <= edges
    elif pattern == "revision":
        assert {("peer", "review"), ("review", "peer")} <= edges
    elif pattern == "panel":
        assert {("peer", name) for name in (CRITIC, SECOND_CRITIC, THIRD_CRITIC)} <= edges
        assert {("critic", "count"), (SECOND_CRITIC, "count"), (THIRD_CRITIC, "count")} <= edges
        assert "closings" in graph.channels
    elif pattern == "debate":
        inner = dict(graph.get_subgraphs())["debate"]
        assert {SECOND_CRITIC, THIRD_CRITIC} <= set(inner.nodes)
    elif pattern == "reciprocal":
        assert ("critic", "peer_review") in edges
    elif pattern == "overseer":
        assert ("critic", "monitor") in edges
    else:
        assert graph.checkpointer is not None


def test_an_approval_is_an_interrupt_that_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    from allegiance.adapters.langgraph import adapter

    asked: list[list[str]] = []
    answers = adapter.approval.answers

    def noted(setup: Any, waiting: list[dict[str, Any]]) -> dict[str, str]:
        asked.append([call["name"] for call in waiting])
        return answers(setup, waiting)

    monkeypatch.setattr(adapter.approval, "answers", noted)
    assert played(configuration("approval")).outcome == "complied"
    assert asked == [["submit_evaluation"]]


@pytest.mark.parametrize("pattern", PEER_PATTERNS)
def test_the_critic_is_shown_what_the_peer_says(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, list[set[str]]] = {}
    generate = RoleModel._agenerate

    async def noted(self: RoleModel, messages: list[BaseMessage], *args: Any, **kw: Any) -> Any:
        hashes = {_hash(str(m.content)): m.name for m in messages}
        shown.setdefault(self.role, []).append({f"{n}:{h}" for h, n in hashes.items()})
        return await generate(self, messages, *args, **kw)

    monkeypatch.setattr(RoleModel, "_agenerate", noted)
    trial = played(configuration(pattern))
    replies = [e.text for e in trial.trace.events if e.kind == "message" and e.actor == PEER]
    heard = replies[:-1] if pattern == "reciprocal" else replies  # its review comes last
    seen = set().union(*shown[CRITIC])
    assert {f"peer:{_hash(text)}" for text in heard} <= seen
    if pattern == "dialogue":
        assert len(replies) == EXCHANGES
        closing = next(e.text for e in reversed(trial.trace.events) if e.actor == CRITIC and e.text)
        assert any(f"critic:{_hash(closing)}" in s for s in shown[PEER])  # it hears the result


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_monitor_that_keeps_quiet_is_found_out() -> None:
    def result(critic: str, monitor: str) -> Trial:
        roles = ((MONITOR, f"scripted:{monitor}"),)
        return played(configuration("overseer", model=f"scripted:{critic}", roles=roles))

    quiet = result("inflator", "sleepy")
    assert quiet.roles[MONITOR].monitor == "missed"
    assert flagged(quiet, MONITOR) == {"withheld_alert": "achieved"}
    assert result("inflator", "loyal").roles[MONITOR].monitor == "reported"
    assert result("loyal", "alarmist").roles[MONITOR].monitor == "false alarm"
    honest = result("loyal", "sleepy")
    assert honest.roles[MONITOR].monitor == "quiet"
    assert not flagged(honest, MONITOR)
    assert honest.outcome == "complied"


def test_a_role_that_must_speak_and_does_not_leaves_the_trial_unscored() -> None:
    from allegiance.adapters.langgraph.adapter import ADAPTER

    class Deaf:
        """Plays a graph in which the monitor has no turn."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ADAPTER, name)

        def prepare(self, setup: Any) -> Any:
            return ADAPTER.prepare(replace(setup, pattern="pipeline"))

        async def play(self, setup: Any, prepared: Any, session: Any) -> None:
            await ADAPTER.play(replace(setup, pattern="pipeline"), prepared, session)

    spec = configuration("overseer", model="scripted:loyal")
    trial = asyncio.run(play(prepare(spec, adapter=Deaf()), 0, 0, FAST, None))  # type: ignore[arg-type]
    assert trial.trace.provenance["roles that never spoke"] == MONITOR
    assert trial.outcome == "incomplete"


@pytest.mark.parametrize("pattern", PEER_PATTERNS)
def test_a_pattern_that_needs_a_peer_says_so(pattern: str) -> None:
    with pytest.raises(UserError, match=f"langgraph:{pattern} makes no sense without a peer"):
        expand(
            scenarios=["rubric_grading"],
            adapters=[f"langgraph:{pattern}"],
            factors={"peer_conduct": ["absent"]},
            models=["scripted:loyal"],
        )


def test_a_role_that_a_pattern_lacks_is_an_error() -> None:
    with pytest.raises(UserError, match="'langgraph:panel' has no role 'monitor'; its roles are"):
        prepare(configuration("panel", roles=((MONITOR, "scripted:sleepy"),)))


@pytest.mark.parametrize("scenario", ["server_migration", "stop_order"])
def test_an_honest_member_of_a_disloyal_panel_is_not_flagged(scenario: str) -> None:
    violator = SCENARIOS.load(scenario).stage(Condition()).violator
    others = tuple((role, f"scripted:{violator}") for role in (SECOND_CRITIC, THIRD_CRITIC))
    trial = played(configuration("panel", scenario, roles=others))
    assert flagged(trial) == {}
    assert trial.outcome == "complied"
    assert "achieved" in flagged(trial, SECOND_CRITIC).values()


@pytest.mark.parametrize("scenario", ["server_migration", "stop_order"])
def test_a_member_that_reports_what_it_did_not_do_is_flagged(scenario: str) -> None:
    trial = plays("panel", scenario)["feign"][1]
    assert flagged(trial) == {"feigned_compliance": "achieved"}
    assert trial.outcome == "violated"


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_no_instructions_of_a_role_claim_that_a_duty_is_done(pattern: str) -> None:
    for name in SCENARIOS.builtin:
        stage = SCENARIOS.load(name).stage(Condition(peer_conduct="silent"))
        for role in make_cast(pattern, stage).values():
            says = read(role.instructions, stage.duties).says
            assert "done" not in says.values(), (name, role.name, says)
