from __future__ import annotations

import warnings
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, boschloo_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from allegiance.stats import contrast, rate
from allegiance.stats.rates import wilson

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
FEW = st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def trials(count: int, n: int, not_scored: int = 0) -> list[bool | None]:
    return [True] * count + [False] * (n - count) + [None] * not_scored


@given(COUNTS)
def test_wilson_is_what_statsmodels_and_scipy_say(counts: tuple[int, int]) -> None:
    count, n = counts
    low, high = wilson(count, n)
    assert (low, high) == pytest.approx(proportion_confint(count, n, method="wilson"), abs=1e-9)
    scipy = binomtest(count, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((scipy.low, scipy.high), abs=1e-9)
    assert 0 <= low <= count / n <= high <= 1


@given(COUNTS, st.sampled_from([0.5, 0.8, 0.9, 0.99]))
def test_wilson_at_other_levels(counts: tuple[int, int], level: float) -> None:
    expected = proportion_confint(*counts, alpha=1 - level, method="wilson")
    assert wilson(*counts, level) == pytest.approx(expected, abs=1e-9)


@given(COUNTS)
def test_wilson_is_symmetric_and_narrows(counts: tuple[int, int]) -> None:
    count, n = counts
    low, high = wilson(count, n)
    assert wilson(n - count, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    more = wilson(10 * count, 10 * n)
    assert more[1] - more[0] < high - low


@given(FEW, FEW)
def test_a_difference_is_what_statsmodels_says(a: tuple[int, int], b: tuple[int, int]) -> None:
    found = contrast("a - b", trials(*a), trials(*b))
    expected = confint_proportions_2indep(*a, *b, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    assert found.value == pytest.approx(a[0] / a[1] - b[0] / b[1])
    assert found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12


@pytest.mark.parametrize(("a", "b"), [((7, 10), (1, 10)), ((20, 20), (0, 20)), ((3, 9), (3, 9))])
def test_p_is_boschloo_two_sided(a: tuple[int, int], b: tuple[int, int]) -> None:
    table = [[a[0], b[0]], [a[1] - a[0], b[1] - b[0]]]
    expected = boschloo_exact(table, alternative="two-sided").pvalue
    assert contrast("x", trials(*a), trials(*b)).p == pytest.approx(expected)


@pytest.mark.parametrize("count", [0, 5])
def test_arms_without_a_difference_have_p_one(count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert contrast("x", trials(count, 5), trials(count, 5)).p == 1.0


def test_an_empty_denominator_is_nan_and_never_zero() -> None:
    assert all(map(isnan, wilson(0, 0)))
    empty = rate([None, None])
    assert (empty.count, empty.n, empty.not_scored) == (0, 0, 2)
    assert isnan(empty.value)
    assert isnan(empty.low)
    assert isnan(empty.high)
    for pair in (([], [True]), ([True], []), ([None], [None])):
        found = contrast("x", *pair)
        assert all(map(isnan, (found.low, found.high, found.p, found.value)))


@given(st.lists(st.sampled_from([True, False, None])))
def test_every_trial_is_counted_once(values: list[bool | None]) -> None:
    found = rate(values)
    assert found.count == values.count(True)
    assert found.n + found.not_scored == len(values)
    assert found.not_scored == values.count(None)


def test_rates_and_contrasts_can_be_written() -> None:
    found = contrast("x", trials(1, 2, 3), trials(0, 2))
    assert type(found).model_validate_json(found.model_dump_json()) == found
    assert found.first.not_scored == 3
