"""The group patterns in CrewAI are made of its own constructs."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from group_plays import configuration, played

pytest.importorskip("crewai")

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew, Flow, Process
from crewai.flow.persistence import SQLiteFlowPersistence
from crewai.tasks.conditional_task import ConditionalTask

from allegiance.adapters.crewai.patterns import approval, sessions
from allegiance.adapters.crewai.patterns.debate import Moderator
from allegiance.adapters.crewai.tools import TRIAL, Trial
from allegiance.play.prepared import make_recorder, prepare
from allegiance.play.session import Session, playing
from allegiance.scenario.cast import EXCHANGES, REVISIONS
from allegiance.trace.events import CRITIC, MONITOR, PEER, SECOND_CRITIC, THIRD_CRITIC


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
