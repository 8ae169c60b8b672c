"""Trials of the CrewAI adapter, for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.play import Kit, Recorder, Session, Setup
from allegiance.play.session import CRITIC, PEER, playing
from allegiance.registry import SCENARIOS
from allegiance.scenario import Model, Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace import Condition, Event

PATTERNS = ADAPTER.patterns


STAGE = SCENARIOS.load("rubric_grading").stage(Condition(peer_conduct="silent"))


GRADE = do("submit_evaluation", unit="unit-7", score="60")


class RateLimited(Exception):
    status_code = 429


class Refused(Exception):
    status_code = 401


def played(
    pattern: str,
    turns: Sequence[Turn] = (),
    *,
    critic: Model | None = None,
    build: Callable[[Kit], Any] | None = None,
    max_turns: int = 40,
    raises: type[Exception] | None = None,
) -> Recorder:
    """Play turns, or a real model, and return what was recorded."""
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {PEER: ScriptPlayer((say(STAGE.text("handover")),))}
    if critic is None:
        cast[CRITIC] = ScriptPlayer(tuple(turns))
    roles = Roles(critic or parse_model("scripted:loyal"), PEER_SCRIPT)
    cell = Setup(STAGE, roles, pattern, build)
    session = Session(recorder, cast, max_turns=max_turns, backoff=0.001)

    async def play() -> None:
        ADAPTER.prepare(cell)
        with playing(session):
            await ADAPTER.play(cell, None, session)

    if raises is None:
        asyncio.run(play())
    else:
        with pytest.raises(raises):
            asyncio.run(play())
    return recorder


def of_critic(recorder: Recorder, kind: str) -> list[Event]:
    return [
        e
        for e in recorder.events
        if e.kind == kind and e.actor == CRITIC and e.tool != "delegate_work_to_coworker"
    ]
