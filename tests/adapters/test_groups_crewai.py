"""The group patterns in CrewAI: native constructs, LangGraph's results, and who did what."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from group_plays import (
    SHARED,
    check_attribution,
    configuration,
    played,
    result,
    scripts,
    text_hash,
)

pytest.importorskip("crewai")

from allegiance.adapters.crewai.adapter import ADAPTER

# isort: split

from crewai import Crew, Flow, Process
from crewai.flow.persistence import SQLiteFlowPersistence
from crewai.tasks.conditional_task import ConditionalTask

from allegiance.adapters.crewai.crews import CONTEXT, signed
from allegiance.adapters.crewai.patterns import approval, sessions
from allegiance.adapters.crewai.patterns.debate import Moderator
from allegiance.adapters.crewai.roles import RoleLLM
from allegiance.adapters.crewai.tools import TRIAL, Trial
from allegiance.play.prepared import make_recorder, prepare
from allegiance.play.session import Session, playing
from allegiance.registry import adapter_info
from allegiance.scenario.cast import EXCHANGES, GROUP_PATTERNS, PEER_PATTERNS, REVISIONS
from allegiance.trace.events import CRITIC, MONITOR, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.trials import Trial as Played

PARTS = 4
"""Each script of the shared scenarios is played in every fourth pattern; it takes 70 ms of CPU."""


@contextmanager
def built(pattern: str) -> Iterator[Any]:
    """Build the app of a pattern, as a trial does."""
    setup = prepare(configuration("crewai", pattern)).setup
    session = Session(make_recorder(setup), {})
    module = importlib.import_module(f"allegiance.adapters.crewai.patterns.{pattern}")

    def build() -> Any:
        with playing(session):
            TRIAL.set(Trial(session))
            return module.build(setup)

    yield copy_context().run(build)


def test_the_patterns_are_those_of_every_framework() -> None:
    assert adapter_info("crewai").groups == GROUP_PATTERNS
    assert ADAPTER.groups == GROUP_PATTERNS


@pytest.mark.parametrize("pattern", GROUP_PATTERNS)
def test_a_script_has_the_results_that_it_has_in_langgraph(pattern: str) -> None:
    part = GROUP_PATTERNS.index(pattern)
    for scenario in SHARED:
        for name in scripts(pattern, scenario, part, PARTS):
            model = f"scripted:script:{name}"
            ours = played(configuration("crewai", pattern, scenario, model=model))
            theirs = played(configuration("langgraph", pattern, scenario, model=model))
            assert result(ours) == result(theirs), (scenario, name)
            check_attribution(pattern, ours)


def tasks_of(app: Any) -> dict[str, Any]:
    """Return the tasks of a crew by the roles of their agents."""
    assert isinstance(app, Crew)
    return {str(task.agent.role): task for task in app.tasks if task.agent}


def test_a_dialogue_is_a_flow_with_a_router_back_to_the_peer() -> None:
    with built("dialogue") as app:
        assert isinstance(app, Flow)
        methods = type(app).flow_definition().methods
        assert methods["next_speaker"].router
        assert "to the peer" in methods["peer_speaks"].listen["or"]
        app.state["exchanges"] = EXCHANGES - 1
        assert app.next_speaker() == "to the peer"


def test_a_revision_is_a_task_with_a_guardrail_and_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    with built("revision") as app:
        tasks = tasks_of(app)
        assert callable(tasks[PEER].guardrail)
        assert tasks[PEER].guardrail_max_retries == REVISIONS
        assert isinstance(tasks[CRITIC], ConditionalTask)
    retries: list[int] = []
    run = Crew.kickoff

    def noted(self: Crew, *args: Any, **kwargs: Any) -> Any:
        output = run(self, *args, **kwargs)
        retries.append(self.tasks[0].retry_count)
        return output

    monkeypatch.setattr(Crew, "kickoff", noted)
    assert played(configuration("crewai", "revision")).outcome == "complied"
    assert retries == [1]


def test_a_panel_is_three_asynchronous_tasks_and_a_chair() -> None:
    with built("panel") as app:
        tasks = tasks_of(app)
        members = [tasks[name] for name in (CRITIC, SECOND_CRITIC, THIRD_CRITIC)]
        assert all(task.async_execution for task in members)
        assert tasks["chair"].context == members
        assert not tasks["chair"].async_execution


def test_a_debate_has_a_hierarchical_crew_in_it() -> None:
    with built("debate") as app:
        assert isinstance(app, Flow)
        crew = vars(app)["debate"]
        assert crew.process is Process.hierarchical
        assert isinstance(crew.manager_agent.llm, Moderator)
        assert [agent.role for agent in crew.agents] == [SECOND_CRITIC, THIRD_CRITIC]
        assert not any(agent.tools for agent in crew.agents)  # they argue and cannot act


def test_a_reciprocal_review_is_a_task_each() -> None:
    with built("reciprocal") as app:
        *_, judging, review = app.tasks
        assert (judging.agent.role, review.agent.role) == (CRITIC, PEER)
        assert judging in review.context


def test_an_overseer_has_the_critics_task_as_context_and_can_report() -> None:
    with built("overseer") as app:
        tasks = tasks_of(app)
        assert tasks[MONITOR].context == [tasks[CRITIC]]
        assert [tool.name for tool in tasks[MONITOR].agent.tools] == ["raise_concern"]


def test_an_approval_is_asked_of_the_provider_of_human_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with built("approval") as app:
        assert tasks_of(app)[CRITIC].human_input
    asked: list[tuple[str, bool]] = []
    refusal = approval.Operator.refusal

    def noted(self: approval.Operator, tool: str, args: Any) -> str:
        asked.append((tool, self._approver.needs(tool, args)))
        return refusal(self, tool, args)

    monkeypatch.setattr(approval.Operator, "refusal", noted)
    spec = configuration("crewai", "approval", model="scripted:inflator")
    trial = played(spec)
    assert [tool for tool, waits in asked if waits] == ["submit_evaluation"]
    grade = next(
        e
        for e in trial.trace.events
        if e.kind == "tool_result" and e.tool == "submit_evaluation" and e.actor == CRITIC
    )
    assert not grade.ok
    assert "Not approved" in grade.text


def test_sessions_are_runs_of_a_flow_whose_state_is_persisted_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with built("sessions") as app:
        definition = type(app).flow_definition().persist
        assert definition is not None
        assert definition.enabled
        assert isinstance(app.persistence, sessions.MemoryStore)

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("CrewAI's own store would write to the disk")

    monkeypatch.setattr(SQLiteFlowPersistence, "__init__", refuse)
    restored: list[dict[str, Any] | None] = []
    load = sessions.MemoryStore.load_state

    def noted(self: sessions.MemoryStore, flow_uuid: str) -> dict[str, Any] | None:
        restored.append(load(self, flow_uuid))
        return restored[-1]

    monkeypatch.setattr(sessions.MemoryStore, "load_state", noted)
    storage = Path(os.environ["CREWAI_STORAGE_DIR"])
    before = sorted(storage.rglob("*"))
    assert played(configuration("crewai", "sessions")).outcome == "complied"
    first, second = restored
    assert first is None
    assert second is not None
    assert "Good evening" in str(second[CRITIC])
    assert sorted(storage.rglob("*")) == before


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
    return text_hash(words) in {text_hash(t[n : n + len(words)]) for t, n in starts if n >= 0}


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
    def result_of(critic: str, monitor: str) -> Played:
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
    scores = {x.value for e in two.trace.events if e.actor == "panel" for x in e.effects}
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

    trial = played(configuration("crewai", "overseer"), Deaf())  # type: ignore[arg-type]
    assert trial.trace.provenance["roles that never spoke"] == MONITOR
    assert trial.outcome == "incomplete"
