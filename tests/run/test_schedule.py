"""Verdicts that end cells, budgets that end runs, and limits that end trials."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.errors import TurnLimit, UserError
from allegiance.experiment import Budget, Configuration, expand
from allegiance.play import Session
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.trial import lost_trial
from allegiance.run.meter import ALL, pricing
from allegiance.run.pool import in_turn
from allegiance.run.schedule import BudgetedSchedule, FixedSchedule, SequentialSchedule
from allegiance.stats.sequential_tests import SequentialTests
from allegiance.stats.stop_rule import StopRule
from allegiance.store.writer import read
from allegiance.trace import Finding, Trial, Usage, Verdict

FIRST, SECOND = (
    prepare(cell)
    for cell in expand(
        scenarios=["disk_cleanup"],
        models=["scripted:loyal"],
        factors={"relationship": ("none", "good")},
    ).configurations
)
PROBE = FIRST.setup.stage.probes[0]


def ended(prepared: PreparedConfiguration, index: int, flag: bool | None, **usage: int) -> Trial:
    """Return a trial of which every probe says the same."""
    trial = lost_trial(prepared, index, 0, "")
    verdicts = []
    for probe in prepared.setup.stage.probes:
        names = {"probe": probe.id, "behaviour": probe.behaviour}
        found = Finding(**names, actor="critic", seqs=(0,), status="achieved", reason="-")
        status = "not_scored" if flag is None else "flagged" if flag else "clean"
        verdicts.append(Verdict(**names, status=status, findings=(found,) if flag else ()))
    trace = trial.trace.model_copy(update={"usage": Usage(**usage)})
    return trial.model_copy(update={"verdicts": tuple(verdicts), "trace": trace})


def play(
    schedule: SequentialSchedule | FixedSchedule | BudgetedSchedule,
    rate: dict[str, float],
    at_once: int,
) -> Counter:
    """Play a schedule with random trials, some at once, and count the trials of each cell."""
    rng, flight, counts = random.Random(7), [], Counter()
    while True:
        while len(flight) < at_once and (job := next(schedule, None)) is not None:
            flight.append(job)
        if not flight:
            return counts
        prepared, index = flight.pop(rng.randrange(len(flight)))
        counts[prepared.name] += 1
        flag = rng.random() < rate[prepared.name]
        schedule.on_trial(ended(prepared, index, flag, turns=2, input_tokens=10, output_tokens=5))


def test_a_cell_ends_at_its_verdict_and_the_other_gets_what_it_saves() -> None:
    until = StopRule(max_rate=0.2)
    schedule = SequentialSchedule([FIRST, SECOND], 100, until, seed=0)
    counts = play(schedule, {FIRST.name: 1.0, SECOND.name: 0.19}, at_once=4)
    status = {spec.condition.relationship: state.status for spec, _, state in schedule.states()}
    assert status["none"] == "fail"
    assert counts[FIRST.name] < 20
    assert counts[SECOND.name] > 100
    assert counts.total() == 200


def test_a_run_whose_verdicts_all_stand_ends() -> None:
    schedule = SequentialSchedule([FIRST, SECOND], 500, StopRule(max_rate=0.2), seed=0)
    counts = play(schedule, {FIRST.name: 0.0, SECOND.name: 0.9}, at_once=1)
    assert counts.total() < 100
    assert {state.status for _, _, state in schedule.states()} == {"pass", "fail"}


def test_not_scored_trials_pass_no_cell() -> None:
    schedule = SequentialSchedule([FIRST], 60, StopRule(max_rate=0.2), seed=0)
    for prepared, index in schedule:
        schedule.on_trial(ended(prepared, index, None))
    assert {(s.status, s.n, s.not_scored) for _, _, s in schedule.states()} == {("open", 0, 60)}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([None, True, False])), max_size=40))
def test_a_run_gone_on_with_knows_what_an_undisturbed_one_does(
    rows: list[tuple[bool, bool | None]],
) -> None:
    whole = SequentialSchedule([FIRST, SECOND], 100, StopRule(max_rate=0.3), seed=0)
    again = SequentialSchedule([FIRST, SECOND], 100, StopRule(max_rate=0.3), seed=0)
    played = []
    for swap, flag in rows:
        if (job := next(whole, None)) is None:
            break
        trial = ended(*job, flag)
        whole.on_trial(trial)
        played.insert(0 if swap and not played else len(played), (job, trial))
    for job, trial in played:
        again.played(job, trial)
    assert list(again.states()) == list(whole.states())
    assert again.left == whole.left
    assert next(again, None) == next(whole, None)


def test_gaps_that_a_killed_run_left_are_filled_first() -> None:
    schedule = SequentialSchedule([FIRST], 10, StopRule(max_rate=0.5), seed=0)
    for index in (0, 2, 3):
        schedule.played((FIRST, index), ended(FIRST, index, False))
    assert [next(schedule)[1] for _ in range(3)] == [1, 4, 5]


def test_a_planned_run_refuses_a_trial_twice_or_of_another_plan() -> None:
    schedule = FixedSchedule(in_turn([FIRST], 3))
    schedule.played((FIRST, 1), ended(FIRST, 1, False))
    for job in ((FIRST, 1), (FIRST, 3), (SECOND, 0)):
        with pytest.raises(UserError, match="does not belong to the plan"):
            schedule.played(job, ended(*job, False))
    assert [index for _, index in schedule] == [0, 2]


@pytest.mark.parametrize(
    ("budget", "most", "why"),
    [
        (Budget(calls=20), 10 + 3, "20 model calls"),
        (Budget(tokens=150), 10 + 3, "150 tokens"),
        (Budget(cost=1.5), 15 + 3, "1.5 US dollars"),
        (Budget(seconds=1e-9), 0, "1e-09 seconds"),
    ],
)
def test_a_run_ends_once_its_budget_is_spent(budget: Budget, most: int, why: str) -> None:
    within = BudgetedSchedule(FixedSchedule(in_turn([FIRST], 100)), budget, price=lambda _: 0.1)
    counts = play(within, {FIRST.name: 0.0}, at_once=4)
    assert counts.total() <= most
    assert counts.total() >= most - 3
    assert within.stopped == f"the budget of {why} is spent"


def test_answers_from_the_cache_are_free() -> None:
    within = BudgetedSchedule(FixedSchedule(in_turn([FIRST], 100)), Budget(calls=1, tokens=1))
    for index in range(5):
        usage = {"turns": 2, "cached": 2, "input_tokens": 9, "cached_input_tokens": 9}
        within.played((FIRST, index), ended(FIRST, index, False, **usage))
    assert next(within)[1] == 5


def price_of_turns(usage_by_role: Mapping[str, Usage]) -> float:
    """Return 0.2 US dollars a turn."""
    return sum(usage.turns for usage in usage_by_role.values()) * 0.2


def test_prices_are_those_of_the_models_by_role() -> None:
    pytest.importorskip("genai_prices")
    cell = Configuration(**{**vars(FIRST.spec), "model": "openai:a", "peer_model": "openai:b"})
    price = pricing(cell, {"openai:a": (1, 2), "openai:b": (10, 20)})
    use = Usage(turns=1, input_tokens=1_000_000, output_tokens=1_000_000)
    assert price({"critic": use, "peer": use, "monitor": use}) == 33  # the monitor is scripted
    assert price({ALL: use}) == 30  # a run without a record of roles: the dearest model
    with pytest.raises(UserError, match=r"the cost of 'openai:b' is not known.*--price"):
        pricing(cell, {"openai:a": (1, 2)})
    assert pricing(FIRST.spec, {})({"critic": Usage(turns=1, input_tokens=10**6)}) == 0


def test_a_trial_ends_at_its_tokens_or_its_money() -> None:
    from allegiance.play import Recorder

    recorder = Recorder(FIRST.setup.stage.world, {})
    session = Session(recorder, {}, max_tokens=30, max_cost=0.5, price=price_of_turns)
    recorder.turn("critic", "a", 10, 10)
    session.check_turns()
    recorder.turn("critic", "b", 5, 5)
    with pytest.raises(TurnLimit, match="limit of 30 tokens"):
        session.check_turns()
    recorder = Recorder(FIRST.setup.stage.world, {})
    session = Session(recorder, {}, max_cost=0.5, price=price_of_turns)
    for _ in range(3):
        session.check_turns()
        recorder.turn("critic", "a")
    with pytest.raises(TurnLimit, match=r"limit of 0\.5 US dollars"):
        session.check_turns()


def invoke(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    return done.exit_code, done.output if done.exception is None else f"{done.exception}"


PLAN = (
    "run",
    "disk_cleanup",
    "--model",
    "calibrated:gemini-3-pro",
    "--factor",
    "relationship=good",
)


def test_the_command_line_stops_at_verdicts_and_goes_on(tmp_path: Path) -> None:
    until = (*PLAN, "--until-verdict", "--max-rate", "0.2", "--concurrency", "1")
    code, output = invoke(*until, "--out", tmp_path / "whole")
    assert code == 0, output
    assert "fail" in output
    assert "quote these instead" in output
    whole = read(tmp_path / "whole")
    assert len(whole.trials) < 60
    code, output = invoke(*until, "--set", "budget.calls=6", "--out", tmp_path / "cut")
    assert code == 0
    assert "the budget of 6 model calls is spent" in output
    assert len(read(tmp_path / "cut").trials) < len(whole.trials)
    code, output = invoke(
        "run", "--resume", tmp_path / "cut", "--set", "budget.calls=10000", *until[-2:]
    )
    assert code == 0, output
    keys = [[t.trace.key for t in read(tmp_path / name).trials] for name in ("whole", "cut")]
    assert keys[0] == keys[1]


def test_the_gate_rules_such_a_run_by_its_own_intervals(tmp_path: Path) -> None:
    until = (*PLAN, "--until-verdict", "--max-rate", "0.2", "--concurrency", "1")
    assert invoke(*until, "--out", tmp_path / "run")[0] == 0
    trials = list(read(tmp_path / "run").trials)
    flags = [any(v.achieved for v in t.verdicts) for t in trials]
    test = StopRule(max_rate=0.2).test(2)
    state = test.start()
    for flag in flags:
        state = test.update(state, flag)
    assert state.status == "fail"
    done = CliRunner().invoke(app, ["gate", str(tmp_path / "run")])  # at the limit of the run
    assert done.exit_code == 1
    shown = f"{100 * state.value:.1f} [{100 * state.low:.1f}, {100 * state.high:.1f}] n={state.n}"
    assert shown in done.output
    assert "do not read it as an estimate" in done.output
    code, output = invoke("gate", tmp_path / "run", "--per", "run")
    assert (code != 0, "ended at its own verdict" in output) == (True, True)
    assert invoke(*until, "--set", "budget.calls=6", "--out", tmp_path / "cut")[0] == 0
    code, output = invoke("gate", tmp_path / "cut", "--max-rate", "0.2")
    assert (code != 0, "verdicts are still open" in output) == (True, True)


@given(st.lists(st.sampled_from([None, True, False]), max_size=30), st.randoms())
def test_verdicts_do_not_depend_on_which_trials_end_first(
    rows: list[bool | None], rng: random.Random
) -> None:
    in_order = SequentialTests(StopRule(max_rate=0.3), {"cell": ["b"]})
    shuffled = SequentialTests(StopRule(max_rate=0.3), {"cell": ["b"]})
    for index, flag in enumerate(rows):
        in_order.add("cell", index, {"b": flag})
    for index, flag in rng.sample(list(enumerate(rows)), len(rows)):
        shuffled.add("cell", index, {"b": flag})
    assert list(in_order.states()) == list(shuffled.states())


def test_a_verdict_waits_for_a_slow_trial() -> None:
    verdicts = SequentialTests(StopRule(max_rate=0.3), {"cell": ["b"]})
    for index in range(1, 100):
        verdicts.add("cell", index, {"b": False})
    assert not verdicts.is_decided("cell")
    verdicts.add("cell", 0, {"b": True})
    assert verdicts.is_decided("cell")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-rate", "0.1"], "add --until-verdict, or drop --max-rate"),
        (["--until-verdict", "--max-rate", "1.5"], "max_rate=1.5 is out of range"),
        (["--until-verdict", "--shard", "1/2"], "a verdict needs all trials"),
        (["--executor", "slurm"], "unknown executor 'slurm'"),
        (["--set", "ray.address=ray://x"], "add --executor ray"),
        (["--plan", "smoke"], "drop SCENARIO and --factor"),
        (["--price", "x"], "--price 'x' is not of the form"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: list[str], said: str) -> None:
    code, output = invoke(*PLAN, *options, "--out", tmp_path / "run")
    assert code != 0
    assert said in output
