"""How often the tests raise a false alarm, and what the sequential one costs, by simulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allegiance.stats import Sequential, holm
from allegiance.stats.rates import exact_p
from allegiance.stats.sequential import SequentialState, evidence
from allegiance.stats.sequential_design import boundaries, fixed_trials, most_trials, odds
from allegiance.stats.stratified import exact_stratified_p

Rows = NDArray[np.int64]


class Alarm(NamedTuple):
    """How often something is claimed that is not so.

    Attributes:
        what: The test.
        setting: Where.
        runs: Simulated runs.
        rate: The share of runs with at least one false claim.
        limit: What it may be.
    """

    what: str
    setting: str
    runs: int
    rate: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is at most what it may be."""
        return self.rate <= self.limit


def families(rng: np.random.Generator, runs: int) -> Iterator[Alarm]:
    """Yield false alarms of Holm over Boschloo: three relationships against one shared control."""
    for n, cells in ((10, 24), (20, 24), (40, 6)):
        p = np.array([[exact_p(a, n, b, n) for b in range(n + 1)] for a in range(n + 1)])
        for name, rates in (
            ("all rates 5 %", np.full(cells, 0.05)),
            ("all rates 50 %", np.full(cells, 0.5)),
            ("rates 0 to 60 %", np.linspace(0, 0.6, cells)),
        ):
            counts = rng.binomial(n, rates[:, None], size=(runs, cells, 4))
            found = p[counts[:, :, :3], counts[:, :, 3:]].reshape(runs, -1)
            alarms = sum(min(holm(row)) <= 0.05 for row in found.tolist())
            setting = f"{3 * cells} contrasts, n = {n}, {name}"
            yield Alarm("Holm over Boschloo", setting, runs, alarms / runs, 0.05)


def pooled(rng: np.random.Generator, runs: int) -> Iterator[Alarm]:
    """Yield false alarms of the exact stratified test at 5 %, no stratum having a difference."""
    for count, n in ((4, 20), (12, 20)):
        for name, rates in (
            ("rates 5 %", np.full(count, 0.05)),
            ("rates 5 to 60 %", np.linspace(0.05, 0.6, count)),
        ):
            alarms = 0
            for a, b in rng.binomial(n, rates, size=(runs, 2, count)).tolist():
                strata = [(x, n, y, n) for x, y in zip(a, b, strict=True)]
                alarms += exact_stratified_p(strata) <= 0.05
            setting = f"{count} strata, n = {n}, {name}"
            yield Alarm("exact stratified test", setting, runs, alarms / runs, 0.05)


class Ends(NamedTuple):
    """Where simulated runs of the sequential test ended: shares, and the mean trials."""

    passes: float
    fails: float
    trials: float


def play(
    rng: np.random.Generator, test: Sequential, rate: float | NDArray[np.float64], runs: int
) -> Ends:
    """Simulate the sequential test until its verdict, or until the most trials of its design.

    Args:
        rng: Where chance comes from.
        test: The test.
        rate: The true rate; or the rate of each trial, which may drift.
        runs: How many runs.
    """
    most = most_trials(test)
    few, many = np.array(list(islice(boundaries(test), most))).T
    counts = np.cumsum(rng.random((runs, most)) < rate, axis=1, dtype=np.int32)
    passed, failed = counts <= few, counts >= many
    ended = passed | failed
    at = np.where(ended.any(axis=1), ended.argmax(axis=1), most - 1)
    run = np.arange(runs)
    return Ends(float(passed[run, at].mean()), float(failed[run, at].mean()), float(at.mean()) + 1)


def errors(rng: np.random.Generator, runs: int) -> Iterator[Alarm]:
    """Yield the error rates of the sequential test where it is hardest: at the limit itself."""
    for limit in (0.01, 0.05, 0.1, 0.2):
        test = Sequential(max_rate=limit)
        size = runs if limit > 0.01 else max(2000, runs // 4)
        at = play(rng, test, limit, size)
        where = f"limit {100 * limit:g} %, true rate the same"
        yield Alarm("false pass", where, size, at.passes, test.alpha)
        yield Alarm("false fail", where, size, at.fails, test.alpha)
    test = Sequential()
    wave = 0.05 + 0.05 * np.sign(np.sin(np.arange(most_trials(test)) / 8))
    up = np.maximum(wave, 0.05)  # never below the limit, mostly above it in turns
    down = np.minimum(wave, 0.05)
    drift = "limit 5 %, the rate changes in turns between the limit and"
    yield Alarm("false pass", f"{drift} twice it", runs, play(rng, test, up, runs).passes, 0.05)
    yield Alarm("false fail", f"{drift} 0", runs, play(rng, test, down, runs).fails, 0.05)


def always(rng: np.random.Generator, runs: int, most: int = 1000) -> Iterator[Alarm]:
    """Yield how often the confidence sequence ever loses the true rate within ``most`` trials."""
    for rate in (0.01, 0.05, 0.2, 0.5):
        few, many = np.array(list(islice(boundaries(Sequential(max_rate=rate)), most))).T
        counts = np.cumsum(rng.random((runs, most)) < rate, axis=1, dtype=np.int32)
        lost = ((counts <= few) | (counts >= many)).any(axis=1).mean()
        setting = f"true rate {100 * rate:g} %, looked at after each of {most:,} trials"
        yield Alarm("interval ever loses the rate", setting, runs, float(lost), 0.05)


def whole_runs(rng: np.random.Generator, runs: int, cells: int = 24) -> Iterator[Alarm]:
    """Yield false failures in runs of many cells, with Holm's correction as ``settle`` does it."""
    test = Sequential(tests=cells)
    most = most_trials(test)
    table = np.zeros((most + 1, most + 2))
    for n in range(1, most + 1):
        upper = min(n, n // 8 + 40)  # beyond this the test has ended long before
        table[n, : upper + 1] = [evidence(h, n, test.max_rate) for h in range(upper + 1)]
        table[n, upper + 1 :] = table[n, upper]
    trial = np.arange(1, most + 1)
    for name, bad in (("none above the limit", 0), ("half of them at three times it", 12)):
        rates = np.array([0.15] * bad + [0.05] * (cells - bad))
        false = 0
        for _ in range(runs):
            counts = np.cumsum(rng.random((cells, most)) < rates[:, None], axis=1)
            largest = table[trial, counts].max(axis=1)
            states = [SequentialState(e_fail=max(1.0, e)) for e in largest.tolist()]
            false += any(s.status == "fail" for s in test.settle(states)[bad:])
        setting = (
            f"{cells} configurations at the limit of 5 %, {name}"
            if not bad
            else f"{cells} configurations, {name}"
        )
        yield Alarm("any configuration fails falsely", setting, runs, false / runs, test.alpha)


class Cost(NamedTuple):
    """What the sequential test needs, beside the fixed design of equal power.

    Attributes:
        cells: Cells of the run.
        limit: The limit.
        times: The true rate as a multiple of the limit.
        verdict: Share of runs with the right verdict; at the limit itself, with any.
        trials: Mean trials, simulated.
        exact: Mean trials, computed.
        fixed: Trials of the fixed design.
    """

    cells: int
    limit: float
    times: float
    verdict: float
    trials: float
    exact: float
    fixed: int

    @property
    def share(self) -> float:
        """The trials as a share of those of the fixed design."""
        return self.trials / self.fixed

    @property
    def wanted(self) -> bool:
        """Whether the promise of 40 % is made for this rate."""
        return self.times == 0 or self.times >= 3


TIMES = (0, 0.1, 0.5, 1, 2, 3, 5)


def costs(rng: np.random.Generator, runs: int, times: Sequence[float] = TIMES) -> Iterator[Cost]:
    """Yield what the test costs at multiples of the limit, for one cell and for many."""
    for cells in (1, 24):
        for limit in (0.01, 0.05, 0.1, 0.2):
            test = Sequential(max_rate=limit, tests=cells)
            fixed, most = fixed_trials(test), most_trials(test)
            size = runs if limit > 0.01 else max(2000, runs // 4)
            for by in times:
                if by * limit >= 1:
                    continue
                found = play(rng, test, by * limit, size)
                right = (
                    found.passes
                    if by < 1
                    else found.fails
                    if by > 1
                    else found.passes + found.fails
                )
                exact = odds(test, by * limit, most).trials
                yield Cost(cells, limit, by, right, found.trials, exact, fixed)
