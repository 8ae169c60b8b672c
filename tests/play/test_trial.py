"""A trial that goes wrong is data; what the user gave and cannot be used is an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, ClassVar

import pytest

from allegiance.errors import TurnLimit, UserError
from allegiance.experiment import Configuration, Limits
from allegiance.guard import Decision, Guard, Policy
from allegiance.play import Session, Setup
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.session import CRITIC
from allegiance.play.trial import lost_trial, play
from allegiance.run import play_all
from allegiance.run.pool import in_turn
from allegiance.store.writer import line
from allegiance.trace import Condition, Event, Finding, Trace, Trial

Play = Callable[[Session], Awaitable[None]]


class Fake:
    """An adapter whose app is a function."""

    name = "fake"
    patterns: ClassVar[tuple[str, ...]] = ("one",)
    live: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ("no-such-package",)

    def __init__(self, app: Play) -> None:
        self.app = app

    def prepare(self, cell: Setup) -> Any:
        return None

    async def play(self, cell: Setup, prepared: Any, session: Session) -> None:
        await self.app(session)


def prepared(app: Play, **condition: Any) -> PreparedConfiguration:
    spec = Configuration(
        scenario="performance_review",
        condition=Condition.model_validate(condition),
        adapter="fake",
        pattern="one",
        model="scripted:loyal",
    )
    return prepare(spec, adapter=Fake(app))


def played(app: Play, timeout: float = 60.0) -> Trial:
    trial = asyncio.run(play(prepared(app), 0, 0, Limits(timeout=timeout), None))
    again = Trial.model_validate_json(line(trial))
    assert again == trial
    assert line(again) == line(trial)
    assert [*vars(trial)] == [*Trial.model_fields]
    assert [*vars(trial.trace)] == [*Trace.model_fields]
    assert [e.seq for e in trial.trace.events] == list(range(len(trial.trace.events)))
    assert trial.trace.events[-1].kind == "end"
    return trial


def raises(error: BaseException) -> Play:
    async def app(session: Session) -> None:
        session.recorder.message(CRITIC, "I begin.")
        raise error

    return app


async def complies(session: Session) -> None:
    session.recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "C"})


def test_an_honest_trial() -> None:
    trial = played(complies)
    assert (trial.outcome, trial.scores) == ("complied", {"unit-7": "C"})
    assert {v.status for v in trial.verdicts} == {"clean"}
    assert [e.actor for e in trial.trace.events[:2]] == ["system", "operator"]
    assert trial.trace.provenance["no-such-package"] == "not installed"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("no such column"), "ValueError: no such column"),
        (ValueError(), "ValueError: "),
        (ValueError("a\ud800b"), "ValueError: a?b"),
        (RuntimeError("Bearer abcdefgh.ijkl"), "RuntimeError: [redacted]"),
        (TimeoutError("the provider's own"), "TimeoutError: the provider's own"),
        (asyncio.CancelledError("by the app itself"), "CancelledError: by the app itself"),
        (ExceptionGroup("two", [ValueError("a")]), "ExceptionGroup: two (1 sub-exception)"),
    ],
)
def test_a_crash_is_recorded_with_its_cause(error: BaseException, shown: str) -> None:
    trial = played(raises(error))
    assert trial.outcome == "error"
    assert trial.trace.error == shown
    assert trial.trace.events[-1].text == shown
    assert {v.status for v in trial.verdicts} == {"not_scored"}
    assert trial.trace.events[2].text == "I begin."


def test_a_crash_does_not_wipe_out_a_violation() -> None:
    async def app(session: Session) -> None:
        session.recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "A"})
        raise ValueError("afterwards")

    trial = played(app)
    assert trial.outcome == "violated"
    assert trial.trace.error == "ValueError: afterwards"


@pytest.mark.parametrize("error", [UserError("the target is no app"), UserError()])
def test_what_cannot_be_used_is_an_error_of_the_run(error: UserError) -> None:
    with pytest.raises(UserError) as caught:
        played(raises(error))
    assert caught.value is error


def test_limits_cut_a_trial_short() -> None:
    async def hang(session: Session) -> None:
        await asyncio.sleep(60)

    trial = played(hang, timeout=0.02)
    assert trial.outcome == "incomplete"
    assert trial.trace.truncated == "time limit of 0.02 s reached"
    trial = played(raises(TurnLimit("turn limit of 3 reached")))
    assert trial.trace.truncated == "turn limit of 3 reached"
    assert {v.status for v in trial.verdicts} == {"not_scored"}


def test_what_runs_on_after_the_end_changes_nothing() -> None:
    late: list[Session] = []

    async def app(session: Session) -> None:
        late.append(session)

    trial = played(app)
    answer = late[0].recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "A"})
    assert answer == "Error: the trial is over"
    assert late[0].recorder.events == trial.trace.events


def test_a_trial_that_was_lost_is_an_error_of_the_same_key() -> None:
    place = prepared(complies)
    gone = lost_trial(place, 3, 7, "WorkerDied: exit code -9")
    kept = asyncio.run(play(place, 3, 7, Limits(), None))
    assert gone.trace.key == kept.trace.key
    assert (gone.outcome, gone.trace.error) == ("error", "WorkerDied: exit code -9")
    assert {v.status for v in gone.verdicts} == {"not_scored"}


def test_keys_name_cell_seed_and_index() -> None:
    one, other = prepared(complies), prepared(complies, order="explicit")
    keys = {s.key(seed, index) for s in (one, other) for seed in (0, 1) for index in (0, 1)}
    assert len(keys) == 8
    assert prepared(complies).key(0, 0) == one.key(0, 0)


async def collect(jobs: list[tuple[PreparedConfiguration, int]], concurrency: int) -> list[Trial]:
    async with aclosing(play_all(jobs, concurrency=concurrency)) as stream:
        return [trial async for trial in stream]


@pytest.mark.parametrize("concurrency", [1, 3, 50])
def test_every_job_is_played_once(concurrency: int) -> None:
    prepared_configurations = [prepared(complies), prepared(complies, order="explicit")]
    jobs = in_turn(prepared_configurations, 5)
    trials = asyncio.run(collect(jobs, concurrency))
    assert sorted(t.trace.key for t in trials) == sorted(s.key(0, i) for s, i in jobs)


def test_no_jobs_are_no_trials() -> None:
    assert asyncio.run(collect([], 8)) == []


def test_no_more_are_in_flight_than_asked_for() -> None:
    now: list[int] = [0]
    most: list[int] = []

    async def app(session: Session) -> None:
        now[0] += 1
        most.append(now[0])
        await asyncio.sleep(0)
        now[0] -= 1

    asyncio.run(collect(in_turn([prepared(app)], 12), 3))
    assert max(most) == 3


@pytest.mark.parametrize("error", [asyncio.CancelledError(), ValueError("x")])
def test_a_trial_that_crashes_does_not_stop_the_others(error: BaseException) -> None:
    jobs = in_turn([prepared(raises(error)), prepared(complies, order="explicit")], 4)
    trials = asyncio.run(asyncio.wait_for(collect(jobs, 2), 60))
    assert sorted(t.outcome for t in trials) == ["complied"] * 4 + ["error"] * 4


def test_what_cannot_be_used_stops_the_run_and_nothing_is_left_running() -> None:
    async def check() -> None:
        jobs = in_turn([prepared(raises(UserError("no such thing"))), prepared(complies)], 50)
        with pytest.raises(UserError, match="no such thing"):
            await collect(jobs, 4)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(check())


def test_a_limit_of_cost_is_never_played_without_a_price() -> None:
    async def app(session: Session) -> None:
        raise AssertionError("it was played")

    with pytest.raises(ValueError, match="needs a price of tokens"):
        asyncio.run(play(prepared(app), 0, 0, Limits(cost=1.0), None))


@pytest.mark.parametrize("policy", ["observe", "block", "halt"])
def test_a_guards_sinks_hear_of_everything_in_a_played_trial(policy: Policy) -> None:
    async def app(session: Session) -> None:
        session.recorder.turn(CRITIC, "I grade it.")
        session.recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "A"})
        session.recorder.note(CRITIC, "search", {}, "three hits")
        session.recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "C"})

    ready, records = prepared(app), list[Event | Finding | Decision]()
    guard = Guard(ready.setup.stage.probes, policy, limit=None, sinks=[records.append])
    trial = asyncio.run(play(ready, 0, 0, Limits(), guard))
    assert guard.failures == []
    assert tuple(r for r in records if isinstance(r, Event)) == trial.trace.events
    assert [r for r in records if isinstance(r, Finding)] == guard.findings
    kinds = [r.kind if isinstance(r, Event) else type(r).__name__ for r in records]
    begin, noted = ["message"] * 3, ["tool_call", "tool_result"]
    rejected = ["Decision", "decision", "tool_result"]
    assert (
        kinds
        == {
            "observe": [
                *begin,
                "tool_call",
                "Finding",
                "tool_result",
                "Finding",
                *noted,
                *noted,
                "end",
            ],
            "block": [*begin, "tool_call", "Finding", *rejected, *noted, *noted, "end"],
            "halt": [
                *begin,
                "tool_call",
                "Finding",
                *rejected,
                *noted,
                "tool_call",
                *rejected,
                "end",
            ],
        }[policy]
    )
    said = [r.message for r in records if isinstance(r, Decision)]
    assert said == [e.text for e in trial.trace.events if e.kind == "decision"]


def test_each_trial_draws_its_variant_and_keeps_it() -> None:
    async def act(session: Session) -> None:
        session.recorder.turn(CRITIC, "I am done.", ())

    whole = prepared(act, variant="all")
    trials = [asyncio.run(play(whole, index, 5, Limits(), None)) for index in range(3)]
    for index, trial in enumerate(trials):
        condition = whole.spec.condition.draw("performance_review", 5, index)
        assert trial.trace.condition == condition
        assert (
            trial.trace.key == whole.key(5, index) == lost_trial(whole, index, 5, "lost").trace.key
        )
        assert trial.trace.configuration_key == whole.configuration_key
        stage = whole.drawn(5, index).setup.stage
        assert stage.condition == condition
        assert trial.trace.content == stage.content
        assert Condition.model_validate_json(trial.trace.condition.model_dump_json()) == condition
    assert len({trial.trace.content for trial in trials}) == 3
