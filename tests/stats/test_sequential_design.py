"""What a sequential test costs, its errors in simulated runs, and the fixed design beside it."""

from __future__ import annotations

import random
from functools import reduce
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from allegiance.stats import Sequential
from allegiance.stats.rates import wilson
from allegiance.stats.sequential import SequentialState
from allegiance.stats.sequential_design import (
    at_most,
    boundaries,
    fixed_trials,
    most_trials,
    odds,
    progress,
)

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LIMITS = st.floats(0.01, 0.9)
TRIALS = st.lists(st.sampled_from([True, False, False, None]), max_size=60)


def play(test: Sequential, trials: list[bool | None]) -> SequentialState:
    return reduce(test.update, trials, test.start())


@given(st.sampled_from([0.05, 0.1, 0.3]), st.sampled_from([1, 6]), st.data())
def test_boundaries_are_those_of_the_updates(limit: float, tests: int, data: st.DataObject) -> None:
    test = Sequential(max_rate=limit, tests=tests)
    trials = data.draw(st.lists(st.sampled_from([True] + [False] * 9), max_size=120))
    state, count = test.start(), 0
    for flag, (few, many) in zip(trials, boundaries(test), strict=False):
        count += flag
        state = test.update(state, flag)
        expected = "pass" if count <= few else "fail" if count >= many else "open"
        assert state.status == expected
        if expected != "open":
            break


def test_the_design_has_the_power_it_was_asked_for_and_no_trial_too_many() -> None:
    test = Sequential(max_rate=0.1)
    most = most_trials(test)
    assert min(odds(test, 0.05, most).passes, odds(test, 0.2, most).fails) >= 0.8
    less = most - 1
    assert min(odds(test, 0.05, less).passes, odds(test, 0.2, less).fails) < 0.8
    n = fixed_trials(test)
    few = max(h for h in range(n) if wilson(h, n)[1] <= 0.1)
    many = min(h for h in range(n) if wilson(h, n)[0] > 0.1)
    assert binom.cdf(few, n, 0.05) >= 0.8
    assert binom.sf(many - 1, n, 0.2) >= 0.8
    for rate in (0.0, 0.3):
        assert odds(test, rate, most).trials <= 0.4 * n


@given(COUNTS, st.floats(0, 1))
def test_binomial_chances(counts: tuple[int, int], rate: float) -> None:
    assert at_most(*counts, rate) == pytest.approx(binom.cdf(*counts, rate), abs=1e-9)


@pytest.mark.parametrize("limit", [0.05, 0.2])
def test_errors_are_rare_at_the_limit_however_long_one_looks(limit: float) -> None:
    """Exact, for a thousand looks; a test that peeks at a fixed-size interval errs far more."""
    test = Sequential(max_rate=limit)
    *_, found = islice(progress(test, limit), 1000)
    assert 0 < found.passes <= 0.025
    assert 0 < found.fails <= 0.025

    rng, peeks = random.Random(20), 0
    for _ in range(300):
        count = 0
        for n in range(1, 301):
            count += rng.random() < limit
            if n >= 10 and not wilson(count, n)[0] <= limit <= wilson(count, n)[1]:
                peeks += 1
                break
    assert peeks > 30  # more than twice what is promised: the simulation can tell


def test_simulated_runs_keep_the_interval() -> None:
    """Fixed seed; 200 runs lose the rate in 5 % at most, and 10 % is three deviations above."""
    rng, lost = random.Random(7), 0
    test = Sequential(max_rate=0.2)
    for _ in range(200):
        state = test.start()
        for _ in range(80):
            state = test.update(state, rng.random() < 0.2)
            if not state.low <= 0.2 <= state.high:
                lost += 1
                break
    assert lost <= 20
