"""Verdicts while the trials come in: what is claimed of them holds, and is computed right."""

from __future__ import annotations

import random
from functools import reduce
from math import isnan, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import betabinom, binom
from statsmodels.stats.multitest import multipletests

from allegiance.errors import UserError
from allegiance.stats import Sequential
from allegiance.stats.sequential import ATOM, LARGEST, SequentialState, evidence, lower_bound
from allegiance.stats.sequential_design import (
    fixed_trials,
    most_trials,
)

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LIMITS = st.floats(0.01, 0.9)
TRIALS = st.lists(st.sampled_from([True, False, False, None]), max_size=60)


def play(test: Sequential, trials: list[bool | None]) -> SequentialState:
    return reduce(test.update, trials, test.start())


@given(COUNTS, LIMITS)
def test_the_evidence_is_the_mixture_of_likelihood_ratios(
    counts: tuple[int, int], limit: float
) -> None:
    count, n = counts

    def ratio(p: float) -> float:
        return (p / limit) ** count * ((1 - p) / (1 - limit)) ** (n - count)

    peak = [count / n] if count / n > limit else None
    mean = quad(ratio, limit, 1, points=peak, limit=200)[0] / (1 - limit)
    expected = (1 - ATOM) * mean + ATOM * (limit**-n if count == n else 0)
    assert evidence(count, n, limit) == pytest.approx(min(expected, LARGEST), rel=1e-6)


@given(st.integers(0, 40), st.floats(0.01, 0.9), st.floats(0.01, 1))
def test_a_bet_is_fair_at_the_limit_and_loses_below_it(n: int, limit: float, share: float) -> None:
    def mean(rate: float) -> float:
        return sum(binom.pmf(h, n, rate) * evidence(h, n, limit) for h in range(n + 1))

    assert mean(limit) == pytest.approx(1, rel=1e-6)
    assert mean(limit * share) <= 1 + 1e-6


@given(COUNTS, LIMITS)
def test_each_trial_is_a_fair_bet_too(counts: tuple[int, int], limit: float) -> None:
    count, n = counts
    after = limit * evidence(count + 1, n + 1, limit) + (1 - limit) * evidence(count, n + 1, limit)
    assert after == pytest.approx(evidence(count, n, limit), rel=1e-6)


@given(COUNTS)
def test_where_a_limit_is_next_to_nothing_the_mixture_is_the_uniform_one(
    counts: tuple[int, int],
) -> None:
    count, n = counts
    limit = 1e-9
    at = binom.pmf(count, n, limit)
    if count < n and count < 20:
        found = evidence(count, n, limit) * at
        assert found == pytest.approx((1 - ATOM) * betabinom.pmf(count, n, 1, 1), rel=1e-3)


@given(COUNTS, LIMITS)
def test_more_hits_are_more_evidence(counts: tuple[int, int], limit: float) -> None:
    count, n = counts
    if count:
        assert evidence(count, n, limit) >= evidence(count - 1, n, limit) * (1 - 1e-12)


@given(COUNTS, st.sampled_from([0.25, 0.05, 0.025, 0.001]))
def test_a_bound_is_where_the_evidence_crosses(counts: tuple[int, int], level: float) -> None:
    count, n = counts
    bound = lower_bound(count, n, level)
    assert 0 <= bound <= count / n
    if bound:
        assert evidence(count, n, bound) >= 1 / level
        assert evidence(count, n, bound + 1e-9) < 1 / level * (1 + 1e-5)
    else:
        assert not count
    for between in (bound + (count / n - bound) * i / 7 for i in range(1, 8)):
        assert evidence(count, n, between) < 1 / level * (1 + 1e-9)
    assert lower_bound(count, n, level / 2) <= bound


@given(TRIALS, LIMITS, st.sampled_from([0.1, 0.05, 0.5]))
def test_states_are_latched_and_bounds_nested(
    trials: list[bool | None], limit: float, alpha: float
) -> None:
    test = Sequential(max_rate=limit, alpha=alpha)
    state = test.start()
    for flag in trials:
        after = test.update(state, flag)
        assert after.status == state.status or state.status == "open"
        assert after.low <= after.high
        assert (after.e_fail, after.e_pass) >= (state.e_fail, state.e_pass)
        nested = state.low <= after.low and after.high <= state.high
        best = after.high - after.low
        assert nested or best > 0  # it is given up only where nothing would be left of it
        if not nested:
            assert lower_bound(after.count, after.n, test.side) == after.low
        state = after
    assert state.count == trials.count(True)
    assert state.not_scored == trials.count(None)
    assert state.n + state.not_scored == len(trials)


@given(TRIALS, LIMITS)
def test_a_verdict_is_one_of_the_bounds(trials: list[bool | None], limit: float) -> None:
    test = Sequential(max_rate=limit, max_not_scored=1)
    state = test.start()
    for flag in trials:
        state = test.update(state, flag)
        if state.status != "open":
            break
    assert (state.status == "fail") == (state.low >= limit - 1e-9)
    assert (state.status == "pass") == (state.high <= limit + 1e-9)


@given(st.lists(st.booleans(), max_size=40), st.randoms(), LIMITS)
def test_the_evidence_of_now_depends_on_counts_alone(
    trials: list[bool], rng: random.Random, limit: float
) -> None:
    shuffled = rng.sample(trials, len(trials))
    test = Sequential(max_rate=limit)
    one, other = play(test, list(trials)), play(test, list(shuffled))
    assert (one.n, one.count) == (other.n, other.count)
    floor = evidence(one.count, one.n, limit)
    assert min(one.e_fail, other.e_fail) >= floor


def test_an_empty_cell_knows_nothing() -> None:
    state = Sequential().start()
    assert (state.low, state.high, state.status) == (0.0, 1.0, "open")
    assert isnan(state.value)
    assert isnan(play(Sequential(), [None] * 9).value)


def test_clean_trials_pass_no_sooner_than_any_valid_test_could() -> None:
    test = Sequential()
    passed = next(n for n in range(1, 200) if play(test, [False] * n).status == "pass")
    assert passed >= log(test.side) / log(1 - test.max_rate)
    assert passed <= 95


def test_not_scored_trials_never_pass_a_cell_and_never_save_it() -> None:
    test = Sequential()
    assert play(test, [None] * 500).status == "open"
    clean = [False] * 120
    assert play(test, clean).status == "pass"
    assert play(test, [None] * 20 + clean).status == "open"  # 14 %
    assert play(test, [None] * 20 + clean + [False] * 60).status == "pass"  # 10 %
    assert play(test, [None] * 500 + [True] * 9).status == "fail"


def test_a_limit_of_zero_can_be_broken_but_never_established() -> None:
    test = Sequential(max_rate=0)
    assert play(test, [False] * 900).status == "open"
    assert play(test, [False] * 900 + [True]).status == "fail"
    for design in (most_trials, fixed_trials):
        with pytest.raises(UserError, match="max_rate=0 "):
            design(test)


def test_a_rate_that_changes_leaves_an_interval() -> None:
    state = play(Sequential(max_rate=0.5), [False] * 60 + [True] * 500)
    assert state.status == "pass"  # and stays so
    assert state.low <= state.value <= state.high


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_rate": 1.0},
        {"max_rate": -0.1},
        {"alpha": 0.0},
        {"alpha": 0.6},
        {"power": 1.0},
        {"tests": 0},
        {"max_not_scored": 1.5},
        {"max_rate": float("nan")},
    ],
)
def test_values_out_of_range_are_named(wrong: dict[str, float]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=f"{name}={value!r}"):
        Sequential(**wrong)  # type: ignore[arg-type]


def test_states_can_be_written() -> None:
    state = play(Sequential(max_rate=0), [True] * 400)
    assert SequentialState.model_validate_json(state.model_dump_json()) == state


def test_many_cells_take_more_evidence_to_fail_and_no_more_to_pass() -> None:
    one, many = Sequential(), Sequential(tests=24)
    assert play(one, [True] * 2).status == "fail"
    assert play(many, [True] * 2).status == "open"
    assert play(many, [False] * 90).status == play(one, [False] * 90).status == "pass"


def test_failed_cells_make_it_easier_for_the_next() -> None:
    test = Sequential(tests=2)
    weak = SequentialState(e_fail=50.0)
    assert [s.status for s in test.settle([weak, SequentialState()])] == ["open", "open"]
    strong = SequentialState(e_fail=100.0)
    assert [s.status for s in test.settle([weak, strong])] == ["fail", "fail"]
    passed = SequentialState(e_fail=50.0, status="pass")
    assert test.settle([passed, strong])[0].status == "pass"
    assert [s.status for s in test.settle([SequentialState(e_fail=39.0), strong])] == [
        "open",
        "fail",
    ]


@given(st.lists(st.floats(1, 1e4), max_size=8), st.integers(0, 3))
def test_settling_is_holms_method_on_reciprocals(values: list[float], missing: int) -> None:
    cells = len(values) + missing
    if not cells:
        return
    test = Sequential(tests=cells)
    settled = test.settle([SequentialState(e_fail=e) for e in values])
    p = [1 / e for e in values] + [1.0] * missing
    expected = multipletests(p, alpha=0.025, method="holm")[0][: len(values)]
    assert [s.status == "fail" for s in settled] == list(expected)
