"""Pooling contrasts of unlike configurations: stratified, never by adding up their trials.

Added up, unlike configurations can show a difference that none of them has (Simpson's paradox). In
this module every contrast is a stratum with its own control, and only differences are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import acos, copysign, cos, inf, nan, pi, sqrt
from statistics import NormalDist

from allegiance.errors import needed_by
from allegiance.stats.rates import Contrast
from allegiance.trace.wire import Wire


class Stratified(Wire):
    """A difference between two conditions over several strata.

    Attributes:
        label: The name of the comparison.
        strata: Number of contrasts with scored trials in both conditions.
        n: Number of scored trials in them.
        not_scored: Trials of all strata that were not scored.
        value: The Mantel-Haenszel difference; nan without strata.
        low: Lower bound of its 95 % interval.
        high: Upper bound of its 95 % interval.
        p: Two-sided p-value of the exact stratified test; see ``exact_stratified_p``.
        homogeneity: p-value of equal differences in all strata; see ``homogeneity_p``. If it is
            small, the average hides that the strata disagree. nan with one stratum.
    """

    label: str
    strata: int
    n: int
    not_scored: int
    value: float
    low: float
    high: float
    p: float
    homogeneity: float


Stratum = tuple[int, int, int, int]
"""Flagged and scored trials of the first condition, then of the second."""


def stratify(label: str, contrasts: Sequence[Contrast]) -> Stratified:
    """Pool contrasts that share no trials.

    Args:
        label: The name of the comparison.
        contrasts: The strata. No trial may be in two of them: a shared control condition would
            count twice.
    """
    strata = [
        (c.first.count, c.first.n, c.second.count, c.second.n)
        for c in contrasts
        if c.first.n and c.second.n
    ]
    low, high = interval(strata)
    return Stratified(
        label=label,
        strata=len(strata),
        n=sum(n + m for _, n, _, m in strata),
        not_scored=sum(c.first.not_scored + c.second.not_scored for c in contrasts),
        value=difference(strata),
        low=low,
        high=high,
        p=exact_stratified_p(strata),
        homogeneity=homogeneity_p(strata),
    )


def difference(strata: Sequence[Stratum]) -> float:
    """Return the Mantel-Haenszel risk difference (Greenland & Robins 1985); nan without strata.

    The strata's differences are weighted by ``n m / (n + m)``.
    """
    weights = [n * m / (n + m) for _, n, _, m in strata]
    differences = [a / n - b / m for a, n, b, m in strata]
    total = sum(w * d for w, d in zip(weights, differences, strict=True))
    return total / sum(weights) if weights else nan


def score(strata: Sequence[Stratum], delta: float) -> float:
    """Return the standard score by which the pooled difference exceeds ``delta``.

    The statistic of Miettinen & Nurminen (1985) with Mantel-Haenszel weights: the variance in each
    stratum is that of its most likely rates among those that differ by ``delta``, so it does not
    vanish if no trial or every trial shows the behaviour.
    """
    total = variance = 0.0
    for a, n, b, m in strata:
        weight = n * m / (n + m)
        total += weight * (a / n - b / m - delta)
        variance += weight**2 * restricted_variance((a, n, b, m), delta)
    if variance <= 0:
        return 0.0 if abs(total) < 1e-12 else copysign(inf, total)
    return total / sqrt(variance)


def interval(strata: Sequence[Stratum], confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of the differences whose score is within the normal quantile."""
    if not strata:
        return nan, nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = difference(strata)
    low = _edge(lambda delta: score(strata, delta) <= z, middle, -1.0)
    return low, _edge(lambda delta: score(strata, delta) >= -z, middle, 1.0)


def _edge(inside: Callable[[float], bool], start: float, end: float) -> float:
    if inside(end):
        return end
    for _ in range(50):
        middle = (start + end) / 2
        start, end = (middle, end) if inside(middle) else (start, middle)
    return start


def restricted_rates(stratum: Stratum, delta: float) -> tuple[float, float]:
    """Return the most likely rates of both conditions among those that differ by ``delta``.

    They are the root of a cubic equation, in closed form (Miettinen & Nurminen 1985, appendix).
    """
    a, n, b, m = stratum
    total, flagged = n + m, a + b
    square = (n + 2 * m) * delta - total - flagged
    linear = (m * delta - total - 2 * b) * delta + flagged
    constant = b * delta * (1 - delta)
    third = square / (3 * total)
    q = third**3 - linear * square / (6 * total**2) + constant / (2 * total)
    p = copysign(sqrt(max(0.0, third**2 - linear / (3 * total))), q)
    angle = (pi + acos(max(-1.0, min(1.0, q / p**3 if p else 0.0)))) / 3
    second = max(0.0, -delta, min(1.0, 1 - delta, 2 * p * cos(angle) - third))
    return min(1.0, max(0.0, second + delta)), second


def restricted_variance(stratum: Stratum, delta: float) -> float:
    """Return the variance of a stratum's difference at its restricted rates."""
    _, n, _, m = stratum
    first, second = restricted_rates(stratum, delta)
    variance = first * (1 - first) / n + second * (1 - second) / m
    return variance * (n + m) / (n + m - 1)


def exact_stratified_p(strata: Sequence[Stratum]) -> float:
    """Return the two-sided p-value of no difference in any stratum; nan without strata.

    The test is exact and conditional on the totals of each stratum (the exact form of the test of
    Cochran, Mantel & Haenszel: Mehta, Patel & Gray 1985). The number of flagged trials of the first
    condition is then a sum of hypergeometric numbers, and the p-value is the chance of all sums
    that are no more likely than the observed one. With one stratum it is Fisher's test.
    """
    if not strata:
        return nan
    with needed_by("an exact test", "stats"):
        from numpy import arange, array, convolve
        from scipy.stats import hypergeom

    chances, first, seen = array([1.0]), 0, 0
    for a, n, b, m in strata:
        least, most = max(0, a + b - m), min(n, a + b)
        chances = convolve(chances, hypergeom.pmf(arange(least, most + 1), n + m, a + b, n))
        first, seen = first + least, seen + a
    observed = chances[seen - first]
    return min(1.0, float(chances[chances <= observed * (1 + 1e-7)].sum()))


def homogeneity_p(strata: Sequence[Stratum]) -> float:
    """Return the p-value of one difference in all strata; nan with fewer than two.

    The test is the score test of Gart & Nam (1990): squared standardised distances from the pooled
    difference, compared with chi-square of one degree of freedom fewer than strata. It leaves out
    strata that cannot vary at the pooled difference.
    """
    delta = difference(strata)
    parts = [
        ((a / n - b / m - delta) ** 2, restricted_variance((a, n, b, m), delta))
        for a, n, b, m in strata
    ]
    parts = [(distance, variance) for distance, variance in parts if variance > 1e-12]
    if len(parts) < 2:
        return nan
    with needed_by("a test of homogeneity", "stats"):
        from scipy.stats import chi2

    return float(chi2.sf(sum(d / v for d, v in parts), len(parts) - 1))
