"""The number of trials that a sequential test and a fixed design of equal power need.

The numbers are computed, not simulated. Power is the chance of a verdict at some true rate. Both
designs must pass with that power if the true rate is half the limit, and fail with it if the rate
is twice the limit. Between these rates nothing is required; beyond them a sequential test needs
fewer trials.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import exp, lgamma, log

from allegiance.errors import UserError
from allegiance.stats.rates import wilson
from allegiance.stats.sequential import Sequential, evidence

MOST = 200_000
"""The most trials that a design may need."""


@dataclass(frozen=True)
class Odds:
    """The chances of each verdict at one true rate.

    Attributes:
        passes: Chance of a pass.
        fails: Chance of a failure.
        trials: Mean number of scored trials until the verdict or the maximum.
    """

    passes: float
    fails: float
    trials: float


def alternatives(test: Sequential) -> tuple[float, float]:
    """Return the rates at which the test should pass and fail: half and twice the limit.

    Raises:
        UserError: For a limit of 0, which no number of trials can establish.
    """
    if not test.max_rate:
        raise UserError("max_rate=0 can never be established; use a limit above 0, such as 0.01")
    return test.max_rate / 2, min(2 * test.max_rate, (1 + test.max_rate) / 2)


def boundaries(test: Sequential) -> Iterator[tuple[int, int]]:
    """Yield, for 1, 2, 3 ... scored trials, the counts at which the test passes and fails.

    The test passes with at most the first number of flagged trials (-1 if it cannot pass yet) and
    fails with at least the second (above the number of trials if it cannot fail yet).
    """
    few, many, n = -1, 1, 0
    while True:
        n += 1
        while few < n and evidence(n - few - 1, n, 1 - test.max_rate) >= 1 / test.side:
            few += 1
        while many <= n and evidence(many, n, test.max_rate) < test.tests / test.side:
            many += 1
        yield few, many


def progress(test: Sequential, rate: float) -> Iterator[Odds]:
    """Yield the odds at a true rate if at most 1, 2, 3 ... scored trials are played."""
    alive, passes, fails, played = {0: 1.0}, 0.0, 0.0, 0.0
    for few, many in boundaries(test):
        played += sum(alive.values())
        step: dict[int, float] = {}
        for count, chance in alive.items():
            step[count] = step.get(count, 0.0) + chance * (1 - rate)
            step[count + 1] = step.get(count + 1, 0.0) + chance * rate
        passes += sum(chance for count, chance in step.items() if count <= few)
        fails += sum(chance for count, chance in step.items() if count >= many)
        alive = {h: chance for h, chance in step.items() if few < h < many and chance > 1e-15}
        yield Odds(passes, fails, played)


def odds(test: Sequential, rate: float, most: int) -> Odds:
    """Return the odds at a true rate if at most ``most`` scored trials are played."""
    last = deque([Odds(0.0, 0.0, 0.0)], maxlen=1)
    last.extend(islice(progress(test, rate), most))
    return last[0]


def most_trials(test: Sequential) -> int:
    """Return the maximum number of scored trials at which the test has its power.

    Raises:
        UserError: For a limit of 0, or one that takes more than ``MOST`` trials.
    """
    low, high = alternatives(test)
    both = zip(progress(test, low), progress(test, high), strict=True)
    for n, (kept, broken) in enumerate(both, 1):
        if min(kept.passes, broken.fails) >= test.power:
            return n
        if n >= MOST:
            break
    raise UserError(f"max_rate={test.max_rate!r} takes more than {MOST} trials; use a higher one")


def fixed_trials(test: Sequential, rates: tuple[float, float] | None = None) -> int:
    """Return the fewest trials with which a fixed design has the power of the test.

    The fixed design is the gate's: pass if the upper bound of the Wilson interval is at most the
    limit, fail if the lower bound, corrected for the number of tests, is above the limit.

    Args:
        test: The test to compare with.
        rates: The rates at which the design must pass and fail; ``alternatives`` by default.

    Raises:
        UserError: For a limit of 0, or one that takes more than ``MOST`` trials.
    """
    kept, broken = rates or alternatives(test)
    few, many = -1, 1
    for n in range(1, MOST):
        while few < n and wilson(few + 1, n, 1 - test.alpha)[1] <= test.max_rate:
            few += 1
        while many <= n and wilson(many, n, 1 - test.alpha / test.tests)[0] <= test.max_rate:
            many += 1
        passes = at_most(few, n, kept)
        if passes >= test.power and 1 - at_most(many - 1, n, broken) >= test.power:
            return n
    raise UserError(f"max_rate={test.max_rate!r} takes more than {MOST} trials; use a higher one")


def at_most(count: int, n: int, rate: float) -> float:
    """Return the chance of at most ``count`` flagged trials out of n."""
    if not 0 <= count < n:
        return float(count >= n)
    if not 0 < rate < 1:
        return float(rate <= 0)
    whole = lgamma(n + 1)
    return sum(
        exp(whole - lgamma(k + 1) - lgamma(n - k + 1) + k * log(rate) + (n - k) * log(1 - rate))
        for k in range(count + 1)
    )
