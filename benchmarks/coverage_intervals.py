"""How often the intervals hold the true value, by simulation.

A setting is a sample size and a true rate (or a pair, or strata). Hits are drawn, and the interval
is looked up in a table of what the package's own functions return for every possible count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from allegiance.stats import newcombe
from allegiance.stats.rates import rate_of, wilson
from allegiance.stats.stratified import Stratum, homogeneity_p, score

Z = 1.959963984540054
LOW, HIGH = 0.94, 0.96
Interval = Callable[[int, int], tuple[float, float]]


class Coverage(NamedTuple):
    """Coverage of one interval at one size, over many true values.

    Attributes:
        method: The interval.
        size: Trials.
        mean: Coverage, the true values taken together.
        least: The lowest coverage of any true value.
        where: That true value.
        inside: True values at which the coverage is 94 to 96 %.
        values: True values tried.
    """

    method: str
    size: str
    mean: float
    least: float
    where: str
    inside: int
    values: int

    @property
    def met(self) -> bool:
        """Whether the coverage is 94 to 96 %."""
        return LOW <= self.mean <= HIGH


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    low = 0.0 if not count else float(beta.ppf(0.025, count, n - count + 1))
    return low, 1.0 if count == n else float(beta.ppf(0.975, count + 1, n - count))


def jeffreys(count: int, n: int) -> tuple[float, float]:
    low = 0.0 if not count else float(beta.ppf(0.025, count + 0.5, n - count + 0.5))
    return low, 1.0 if count == n else float(beta.ppf(0.975, count + 0.5, n - count + 0.5))


def mid_p(count: int, n: int) -> tuple[float, float]:
    def edge(inner: float, outer: float) -> float:
        for _ in range(40):
            middle = (inner + outer) / 2
            here = binom.pmf(count, n, middle) / 2
            tail = here + (binom.sf(count, n, middle) if outer < inner else 0)
            tail = tail if outer < inner else here + binom.cdf(count - 1, n, middle)
            inner, outer = (middle, outer) if tail > 0.025 else (inner, middle)
        return inner

    return (edge(count / n, 0.0) if count else 0.0), (edge(count / n, 1.0) if count < n else 1.0)


ONE: dict[str, Interval] = {
    "Wilson": wilson,
    "Jeffreys": jeffreys,
    "mid-P": mid_p,
    "Clopper-Pearson": clopper_pearson,
}
RATES = np.arange(1, 100) / 100
SIZES = (10, 20, 50, 100, 300)


def one_rate(rng: np.random.Generator, runs: int, sizes: Sequence[int]) -> Iterator[Coverage]:
    """Yield the coverage of each interval of a rate, over 99 true rates."""
    for n in sizes:
        count = rng.binomial(n, RATES[:, None], size=(len(RATES), runs))
        for name, interval in ONE.items():
            bounds = np.array([interval(h, n) for h in range(n + 1)])
            held = (bounds[count, 0] <= RATES[:, None]) & (RATES[:, None] <= bounds[count, 1])
            yield _summed(name, f"n = {n}", held.mean(axis=1), [f"{p:.2f}" for p in RATES])


def _summed(name: str, size: str, found: NDArray[np.float64], where: Sequence[str]) -> Coverage:
    least = int(found.argmin())
    inside = int(((found >= LOW) & (found <= HIGH)).sum())
    return Coverage(
        name, size, float(found.mean()), float(found[least]), where[least], inside, len(found)
    )


PAIRS = tuple((a, b) for a in (0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 0.9) for b in RATES[4::10])
PAIR_SIZES = ((10, 10), (20, 20), (50, 50), (100, 100), (20, 100))


def two_rates(
    rng: np.random.Generator, runs: int, sizes: Sequence[tuple[int, int]]
) -> Iterator[Coverage]:
    """Yield the coverage of two intervals of a difference, over 80 pairs of true rates."""
    for n, m in sizes:
        bounds = np.array(
            [[newcombe(rate_of(a, n), rate_of(b, m)) for b in range(m + 1)] for a in range(n + 1)]
        )
        held: dict[str, list[float]] = {"Newcombe": [], "Miettinen-Nurminen": []}
        for p, q in PAIRS:
            a, b = rng.binomial(n, p, runs), rng.binomial(m, q, runs)
            low, high = bounds[a, b].T
            held["Newcombe"].append(float(((low <= p - q) & (p - q <= high)).mean()))
            cells, times = np.unique(np.stack([a, b]), axis=1, return_counts=True)
            inside = [abs(score([(int(x), n, int(y), m)], p - q)) <= Z for x, y in cells.T]
            held["Miettinen-Nurminen"].append(float((np.array(inside) * times).sum() / runs))
        where = [f"{p:.2f}, {q:.2f}" for p, q in PAIRS]
        for name, found in held.items():
            yield _summed(name, f"n = {n}, {m}", np.array(found), where)


class Strata(NamedTuple):
    """Strata of equal size with their true rates."""

    name: str
    control: tuple[float, ...]
    rise: tuple[float, ...]


def strata(count: int) -> Iterator[Strata]:
    """Yield the kinds of strata that are tried."""
    mixed = tuple(float(x) for x in np.linspace(0.05, 0.6, count))
    yield Strata("no difference, 5 %", (0.05,) * count, (0.0,) * count)
    yield Strata("no difference, 5 to 60 %", mixed, (0.0,) * count)
    yield Strata("0 against 30 %", (0.0,) * count, (0.3,) * count)
    yield Strata("20 points over 5 to 60 %", mixed, (0.2,) * count)
    yield Strata("1 against 3 %", (0.01,) * count, (0.02,) * count)
    differing = tuple(float(x) for x in np.linspace(0.1, 0.3, count))
    yield Strata("10 to 30 points over 5 to 60 %", mixed, differing)


class StratifiedResult(NamedTuple):
    """Coverage of the stratified interval, and of the raw pool, in one setting."""

    name: str
    count: int
    n: int
    covered: float
    differ: float

    @property
    def met(self) -> bool:
        """Whether the coverage is 94 to 96 %."""
        return LOW <= self.covered <= HIGH


def stratified(rng: np.random.Generator, runs: int) -> Iterator[StratifiedResult]:
    """Yield the coverage of the stratified interval, and how often strata are said to differ."""
    for count in (4, 12):
        for n in (20, 50):
            for kind in strata(count):
                true = float(np.mean(kind.rise))
                covered = differ = 0
                for _ in range(runs):
                    a = rng.binomial(n, np.add(kind.control, kind.rise)).tolist()
                    b = rng.binomial(n, kind.control).tolist()
                    seen: list[Stratum] = [(x, n, y, n) for x, y in zip(a, b, strict=True)]
                    covered += abs(score(seen, true)) <= Z
                    differ += homogeneity_p(seen) <= 0.05
                yield StratifiedResult(kind.name, count, n, covered / runs, differ / runs)


def margin(runs: int) -> float:
    """Return the half-width of chance about a true 5 % with so many runs."""
    return Z * sqrt(0.05 * 0.95 / runs)
