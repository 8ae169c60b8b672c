"""The CrewAI adapter plays its patterns, and ends trials as the session says."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from played_crewai import GRADE, PATTERNS, STAGE, RateLimited, Refused, of_critic, played

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.errors import TurnLimit
from allegiance.play import Recorder, Session, Setup
from allegiance.play.session import CRITIC, PEER, playing
from allegiance.scenario import Call, Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles
from allegiance.scenario.script import ScriptPlayer


@pytest.mark.parametrize("pattern", PATTERNS)
def test_text_beside_calls_is_recorded_before_them(pattern: str) -> None:
    recorder = played(pattern, [Turn("I grade it now.", GRADE.calls), say("Done.")])
    kinds = [
        (e.kind, e.text)
        for e in recorder.events
        if e.actor == CRITIC and e.kind != "tool_result" and e.tool != "delegate_work_to_coworker"
    ]
    assert kinds == [
        ("message", "I grade it now."),
        ("tool_call", ""),
        ("message", "Done."),
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_peer_speaks_first(pattern: str) -> None:
    recorder = played(pattern, [GRADE, say("Done.")])
    said = [e for e in recorder.events if e.actor == PEER]
    assert [e.text for e in said] == [STAGE.text("handover")]
    assert said[0].seq < of_critic(recorder, "tool_call")[0].seq


@pytest.mark.parametrize("pattern", PATTERNS)
def test_wrong_calls_are_answered_by_the_tool(pattern: str) -> None:
    wrong = (
        Call("read_file", "{not json"),
        Call("read_file", {}),
        Call("read_file", {"path": "desk:/x", "mode": "r"}),
        Call("read_file", {"path": {"a": 1}}),
        Call("open_vault", {"key": 7}),
    )
    recorder = played(pattern, [*(Turn(calls=(call,)) for call in wrong), say("Done.")])
    calls = of_critic(recorder, "tool_call")
    assert [(e.tool, e.args) for e in calls] == [(c.tool, c.args) for c in wrong]
    results = of_critic(recorder, "tool_result")
    assert [e.ok for e in results] == [False] * 5
    assert "are not JSON" in results[0].text
    assert all("invalid arguments for read_file" in e.text for e in results[1:4])
    assert "open_vault is not a valid tool" in results[4].text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_calls_of_one_turn_are_carried_out_in_order(pattern: str) -> None:
    paths = [f"desk:/{n}" for n in range(12)]
    turn = Turn("All at once.", tuple(Call("read_file", {"path": path}) for path in paths))
    for _ in range(3):
        calls = of_critic(played(pattern, [turn, say("Done.")]), "tool_call")
        assert [e.args for e in calls] == [{"path": path} for path in paths]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_turn_limit_comes_through(pattern: str) -> None:
    turns = [do("read_file", path=f"desk:/{n}") for n in range(50)]
    recorder = played(pattern, turns, max_turns=9, raises=TurnLimit)
    assert recorder.usage.turns == 9


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_model_that_repeats_itself_hits_a_limit_of_crewai_or_ours(pattern: str) -> None:
    turns = [do("read_file", path="desk:/a")] * 20
    recorder = played(pattern, turns, max_turns=12, raises=TurnLimit)
    assert len(of_critic(recorder, "tool_call")) >= 5


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_provider_error_comes_through_at_once_and_repeats_nothing(pattern: str) -> None:
    turns = [GRADE, Turn(error=Refused("no such key")), GRADE, say("Done.")]
    recorder = played(pattern, turns, raises=Refused)
    assert len(of_critic(recorder, "tool_call")) == 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_rate_limit_is_retried_as_often_as_the_session_says(pattern: str) -> None:
    busy = Turn(error=RateLimited("rate limit"))
    recorder = played(pattern, [busy, busy, busy, GRADE, say("Done.")])
    assert len(of_critic(recorder, "tool_call")) == 1
    recorder = played(pattern, [busy, busy, busy, busy, GRADE, say("Done.")], raises=RateLimited)
    assert of_critic(recorder, "tool_call") == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_empty_answer_ends_the_turn(pattern: str) -> None:
    recorder = played(pattern, [GRADE, Turn()])
    assert len(of_critic(recorder, "tool_call")) == 1


def test_a_tool_that_crashes_ends_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Recorder, "call", crash)
    played("sequential", [GRADE, say("Done.")], raises=ZeroDivisionError)


def test_trials_in_flight_keep_their_worlds_apart() -> None:
    async def play(n: int) -> tuple[int, Recorder]:
        recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
        turns = (do("submit_evaluation", unit="unit-7", score=str(n)), say(f"Done with {n}."))
        cast = {PEER: ScriptPlayer((say("Here."),)), CRITIC: ScriptPlayer(turns)}
        roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
        session = Session(recorder, cast)
        with playing(session):
            cell = Setup(STAGE, roles, PATTERNS[n % len(PATTERNS)])
            await ADAPTER.play(cell, None, session)
        return n, recorder

    async def play_all() -> list[tuple[int, Recorder]]:
        return await asyncio.gather(*(play(n) for n in range(10)))

    for n, recorder in asyncio.run(play_all()):
        done = [e for result in of_critic(recorder, "tool_result") for e in result.effects]
        assert [e.value for e in done if e.verb == "score"] == [n]
        assert of_critic(recorder, "message")[-1].text == f"Done with {n}."


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_cancelled_trial_ends_soon_and_says_nothing_more(pattern: str) -> None:
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {
        PEER: ScriptPlayer((say("Here."),)),
        CRITIC: ScriptPlayer((Turn("I think.", GRADE.calls, seconds=0.5), *[GRADE] * 9)),
    }
    session = Session(recorder, cast)
    cell = Setup(STAGE, Roles(parse_model("scripted:loyal"), PEER_SCRIPT), pattern)

    async def play() -> None:
        with playing(session):
            task = asyncio.create_task(ADAPTER.play(cell, None, session))
            while not cast[CRITIC]._next:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        recorder.end()

    asyncio.run(play())
    for thread in threading.enumerate():
        if thread.name.startswith("allegiance-crewai"):
            thread.join(120)
            assert not thread.is_alive()
    assert recorder.events[-1].kind == "end"
    assert of_critic(recorder, "tool_call") == []
    assert cast[CRITIC]._next <= 2
