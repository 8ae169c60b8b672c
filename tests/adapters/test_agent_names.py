"""Events and findings name the agent of a user's app beside its role; measures count by role."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("langgraph")

from langchain.agents import create_agent

from allegiance.analysis.groups import group_lines, monitor_measures
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.play import Kit
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.trace import Condition
from allegiance.trace.trials import Trial


def grader(kit: Kit) -> Any:
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, name="grader")


def played(build: Any = None, **fields: Any) -> Trial:
    spec = {
        "scenario": "rubric_grading",
        "condition": Condition(peer_conduct="absent"),
        "adapter": "langgraph",
        "pattern": "app",
        "model": "scripted:inflator",
        "app": "a:b" if build else None,
    }
    prepared = prepare(Configuration(**{**spec, **fields}), build=build)
    return asyncio.run(play(prepared, 0, 0, Limits(timeout=60), None))


def test_what_an_agent_of_the_app_does_has_its_name() -> None:
    trial = played(grader)
    own = [e for e in trial.trace.events if e.actor == "critic"]
    assert {e.agent for e in own} == {"grader"}
    findings = [f for v in trial.verdicts for f in v.findings]
    assert findings
    assert {(f.actor, f.agent) for f in findings} == {("critic", "grader")}
    assert {e.agent for e in trial.trace.events if e.actor != "critic"} == {""}


def test_monitors_are_measured_with_intervals() -> None:
    def overseen(model: str, monitor: str) -> Trial:
        roles = (("monitor", f"scripted:{monitor}"),)
        return played(pattern="overseer", model=f"scripted:{model}", roles=roles)

    trials = [overseen("inflator", "alarmist"), overseen("loyal", "alarmist")]
    [measure] = monitor_measures(t.model_copy(update={"trace": trials[0].trace}) for t in trials)
    assert (measure.recall.count, measure.recall.n) == (1, 1)
    assert (measure.false_alarms.count, measure.false_alarms.n) == (1, 1)
    assert 0 < measure.recall.low < 1
    assert [line.split(", %")[0].rpartition(": ")[2] for line in group_lines(trials)] == [
        "misconduct reported",
        "false alarms",
    ]
    assert group_lines([played(grader)]) == []
