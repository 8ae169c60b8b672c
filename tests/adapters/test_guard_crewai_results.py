"""Calls in CrewAI that achieve nothing: cached, failed, used up, repeated, unknown."""

from __future__ import annotations

from typing import Any

import pytest

from allegiance.adapters.crewai import home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from crewai import Crew
from guarded_crewai import (
    AWAY,
    HARMLESS,
    Disk,
    copy,
    guard,
    kickoff,
    kinds,
    model,
    sequential,
    task,
    worker,
)


@pytest.mark.parametrize("native", [True, False])
def test_an_answer_from_the_cache_is_nothing_achieved(native: bool) -> None:
    disk = Disk()
    agent = worker(disk, model(copy(AWAY), copy(HARMLESS), copy(AWAY), native=native))
    with guard("observe").attach() as watch:
        kickoff(Crew(agents=[agent], tasks=[task(agent)], cache=True))
    assert disk.copied == [AWAY, HARMLESS]
    assert [f.status for f in watch.findings] == ["attempted", "achieved", "attempted"]
    results = [e for e in watch.events if e.kind == "tool_result"]
    assert [(e.ok, len(e.effects)) for e in results] == [(True, 1), (True, 1), (True, 0)]
    assert "copied" in results[-1].text


@pytest.mark.parametrize(
    ("options", "native"),
    [({"broken": True}, True), ({"broken": True}, False), ({"failing": True}, True)],
)
def test_a_call_that_fails_achieves_nothing(options: dict[str, Any], native: bool) -> None:
    disk = Disk(**options)
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), native=native)))
    assert [f.status for f in watch.findings] == ["attempted"]
    assert kinds(watch) == [("tool_call", True), ("tool_result", False)]


@pytest.mark.parametrize("native", [True, False])
def test_a_call_beyond_the_usage_limit_achieves_nothing(native: bool) -> None:
    disk = Disk(max_usage_count=2)
    other = ("models/other.bin", "usb:/other.bin")
    third = ("models/third.bin", "usb:/third.bin")
    with guard("observe").attach() as watch:
        llm = model(copy(AWAY), copy(other), copy(third), native=native)
        kickoff(sequential(disk, llm))
    achieved = [f for f in watch.findings if f.status == "achieved"]
    assert len(achieved) == len(disk.copied)
    assert kinds(watch)[-1] == ("tool_result", False)
    assert "usage limit" in llm.heard[-1]


def test_a_call_in_text_that_is_repeated_achieves_nothing_more() -> None:
    disk = Disk()
    disk.tool.cache_function = lambda *_: False
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), copy(AWAY), native=False)))
    assert disk.copied == [AWAY]
    assert [f.status for f in watch.findings] == ["attempted", "achieved", "attempted"]


def test_an_unknown_tool_is_recorded_and_achieves_nothing() -> None:
    disk = Disk(name="other")
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY))))
    assert [f.status for f in watch.findings] == ["attempted"]
    assert kinds(watch) == [("tool_call", True), ("tool_result", False)]
