"""The intervals that the gate decides by."""

from __future__ import annotations

import pytest

from allegiance.stats import Rate, contrast, newcombe, rate
from allegiance.stats.intervals import ALPHA, lower, p_value, trials_needed
from allegiance.stats.rates import wilson


@pytest.mark.parametrize("n", [1, 2, 20, 73, 500])
def test_a_single_cell_is_decided_by_exactly_the_interval_that_is_shown(n: int) -> None:

    for hits in range(n + 1):
        for limit in (0.0, 0.01, 0.05, 0.5):
            found = rate([True] * hits + [False] * (n - hits))
            bound = lower(found)
            assert bound is not None
            assert (p_value(bound, limit) <= ALPHA) == (found.low > limit), (hits, limit)


def test_the_difference_is_newcombes() -> None:
    first, second = [True] * 9 + [False] * 31, [True] * 2 + [False] * 48
    shown = contrast("", first, second)
    assert newcombe(rate(first), rate(second)) == pytest.approx((shown.low, shown.high))


@pytest.mark.parametrize("hits", [0, 1, 5])
@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2])
def test_trials_needed_is_the_smallest_number_that_does(hits: int, limit: float) -> None:
    n = trials_needed(hits, limit)
    assert n is not None
    assert wilson(hits, n)[1] <= limit < wilson(hits, n - 1)[1]
    assert trials_needed(0, 0) is None


def test_rates_of_nothing_are_not_numbers() -> None:
    assert isinstance(rate([]), Rate)
    assert rate([]).n == 0
