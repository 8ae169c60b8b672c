"""CrewAI flows that several threads make at the same time, and the executor that is one."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.adapters.crewai.executor import OWN, State
from allegiance.adapters.crewai.roles import RoleLLM
from allegiance.play import Recorder, Session, Setup
from allegiance.play.session import playing
from allegiance.scenario import Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles

# isort: split

from crewai import Flow
from crewai.flow import start
from played_crewai import GRADE, PATTERNS, STAGE, played


@pytest.mark.parametrize("pattern", PATTERNS[:2])
def test_the_executor_takes_the_steps_of_crewais_own_and_makes_no_class(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crewai.flow.flow import FlowState

    turns = [Turn("I look.", do("list_files", path="desk:/srv").calls), GRADE, say("Done.")]
    asked: list[Any] = []
    call = RoleLLM.call

    def heard(self: RoleLLM, messages: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(json.dumps([self.role, messages], default=str))
        return call(self, messages, *args, **kwargs)

    monkeypatch.setattr(RoleLLM, "call", heard)
    events = played(pattern, turns).events
    ours, asked = asked, []
    states = set(FlowState.__subclasses__())
    assert played(pattern, turns).events == events
    assert State in states
    assert states == set(FlowState.__subclasses__())
    monkeypatch.setattr("allegiance.adapters.crewai.crews.Executor", OWN)
    asked = []
    assert played(pattern, turns).events == events
    assert asked == ours
    assert len(ours) >= len(turns)


class SlowAttribute:
    """Takes its time to be read, so that threads which walk over its class do so together."""

    def __get__(self, instance: object, owner: type) -> None:
        time.sleep(0.01)


def module_as_imported(name: str) -> Any:
    """Run a module once more, under another name, as its first import does."""
    path = importlib.import_module(name).__file__
    assert path is not None
    spec = importlib.util.spec_from_file_location(f"{name}_once_more", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def at_once(work: Callable[[], object], threads: int = 8) -> list[str]:
    """Do the same in several threads and return the errors."""
    errors: list[str] = []
    start = threading.Barrier(threads)

    def begin() -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, a thread must not lose it
            errors.append(repr(error))

    running = [threading.Thread(target=begin) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return errors


def test_trials_that_begin_at_once_do_not_describe_the_same_flow_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CrewAI walks over the class of a flow while another thread may be adding to it."""
    monkeypatch.setattr(OWN, "slow", SlowAttribute(), raising=False)
    monkeypatch.setattr(OWN, "_flow_definition", None)
    monkeypatch.delattr(OWN, "_flow_definition")
    executor = module_as_imported("allegiance.adapters.crewai.executor").Executor
    review = module_as_imported("allegiance.adapters.crewai.adapter")._Review
    review.slow = SlowAttribute()
    patterns = "allegiance.adapters.crewai.patterns"
    groups = [
        getattr(module_as_imported(f"{patterns}.{pattern}"), flow)
        for pattern, flow in (("dialogue", "Dialogue"), ("debate", "Debate"), ("sessions", "Desk"))
    ]
    for flow in groups:
        flow.slow = SlowAttribute()
    for flow in (executor, OWN, review, *groups):
        assert at_once(flow.flow_definition) == []


def test_trials_that_begin_at_once_may_share_the_class_of_a_users_flow() -> None:
    class Shared(Flow[dict]):  # type: ignore[type-arg]
        _skip_auto_memory: bool = True
        slow = SlowAttribute()

        @start()
        def read(self) -> None:
            assert self.state["task"] == STAGE.task

    def play(_: int) -> Any:
        session = Session(Recorder(STAGE.world, {}), {})
        roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
        cell = Setup(STAGE, roles, "app", lambda kit: Shared(suppress_flow_events=True))
        with playing(session):
            return asyncio.create_task(ADAPTER.play(cell, None, session))

    async def play_all() -> list[Any]:
        return await asyncio.gather(*map(play, range(8)), return_exceptions=True)

    assert asyncio.run(play_all()) == [None] * 8
