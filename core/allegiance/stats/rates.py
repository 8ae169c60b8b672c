"""Rates, intervals and contrasts.

An exact test imports SciPy when it is called, because the import takes a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from math import nan, sqrt
from statistics import NormalDist
from typing import Any

from allegiance.errors import needed_by
from allegiance.trace.wire import Wire


class Rate(Wire):
    """A proportion with its interval.

    Attributes:
        count: Trials that show the behaviour.
        n: Trials that were scored.
        not_scored: Trials that were not scored.
        low: Lower bound of the 95 % interval; nan without trials.
        high: Upper bound of the 95 % interval; nan without trials.
    """

    count: int
    n: int
    not_scored: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The proportion; nan without trials, never 0."""
        return self.count / self.n if self.n else nan


class Contrast(Wire):
    """A difference between two conditions.

    Attributes:
        label: The name of the comparison.
        first: The rate in the first condition.
        second: The rate in the second condition, which is subtracted.
        low: Lower bound of the 95 % interval of the difference.
        high: Upper bound of the 95 % interval of the difference.
        p: Two-sided p-value of an exact test; see ``exact_p``.
    """

    label: str
    first: Rate
    second: Rate
    low: float
    high: float
    p: float

    @property
    def value(self) -> float:
        """The difference of the rates."""
        return self.first.value - self.second.value


def wilson(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927); nans without trials."""
    if n == 0:
        return nan, nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = count / n
    centre = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if count == 0 else (centre - half) / scale
    high = 1.0 if count == n else (centre + half) / scale
    return low, high


def rate(trials: Iterable[bool | None]) -> Rate:
    """Count trials, or a counter of them, into a rate; None is a trial that was not scored."""
    counts = Counter(trials)
    return rate_of(counts[True], counts[True] + counts[False], counts[None])


def rate_of(count: int, n: int, not_scored: int = 0) -> Rate:
    """Return a rate from counts."""
    low, high = wilson(count, n)
    return Rate(count=count, n=n, not_scored=not_scored, low=low, high=high)


LARGEST_BOSCHLOO = 40_000
"""Above this product of the sample sizes Boschloo's test takes seconds and gains little."""


@lru_cache(maxsize=4096)
def exact_p(count_a: int, n_a: int, count_b: int, n_b: int) -> float:
    """Return the two-sided p-value of a difference between two proportions.

    The test is Boschloo's exact test (1970), which is uniformly more powerful than Fisher's. For
    large samples (more than 200 trials each) it is Fisher's test, which is then nearly the same and
    conservative.

    Raises:
        UserError: If SciPy is not installed.
    """
    if count_a + count_b in (0, n_a + n_b):
        return 1.0
    with needed_by("an exact test", "stats"):
        from scipy.stats import boschloo_exact, fisher_exact

    table: Any = [[count_a, count_b], [n_a - count_a, n_b - count_b]]
    test: Any = boschloo_exact if n_a * n_b <= LARGEST_BOSCHLOO else fisher_exact
    return float(test(table).pvalue)


def contrast(label: str, first: Iterable[bool | None], second: Iterable[bool | None]) -> Contrast:
    """Compare two conditions: Newcombe's hybrid interval and an exact test."""
    return contrast_rates(label, rate(first), rate(second))


def contrast_rates(label: str, a: Rate, b: Rate) -> Contrast:
    """Compare the rates of two conditions.

    The interval is method 10 of Newcombe (1998), from the two Wilson intervals.
    """
    if not a.n or not b.n:
        return Contrast(label=label, first=a, second=b, low=nan, high=nan, p=nan)
    difference = a.value - b.value
    low = difference - sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2)
    high = difference + sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2)
    p = exact_p(a.count, a.n, b.count, b.n)
    return Contrast(label=label, first=a, second=b, low=low, high=high, p=p)


def show_rate(value: Rate) -> str:
    """Return a rate as text for a table: per cent, interval, n, not scored."""
    if value.n == 0:
        return f"- n=0 +{value.not_scored} not scored"
    text = f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}] n={value.n}"
    return f"{text} +{value.not_scored} not scored" if value.not_scored else text
