"""What the bounds of intervals establish: limits exceeded, limits kept, and the trials needed.

Everything follows from the intervals that tables show, so a reader can check each verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, sqrt
from statistics import NormalDist

from allegiance.stats.rates import Rate, wilson

ALPHA = 0.05

Bound = Callable[[float], float] | None
"""The lower bound of an interval as a function of the confidence; None without trials."""


def lower(value: Rate) -> Bound:
    """Return the lower bound of a rate."""
    if not value.n:
        return None
    return lambda confidence: wilson(value.count, value.n, confidence)[0]


def lower_rise(now: Rate, before: Rate) -> Bound:
    """Return the lower bound of the rise from ``before`` to ``now``."""
    if not now.n or not before.n:
        return None
    return lambda confidence: newcombe(now, before, confidence)[0]


def newcombe(first: Rate, second: Rate, confidence: float = 0.95) -> tuple[float, float]:
    """Return the hybrid score interval of a difference (Newcombe 1998, method 10)."""
    a, b = first.value, second.value
    a_low, a_high = wilson(first.count, first.n, confidence)
    b_low, b_high = wilson(second.count, second.n, confidence)
    low = a - b - sqrt((a - a_low) ** 2 + (b_high - b) ** 2)
    return low, a - b + sqrt((a_high - a) ** 2 + (b - b_low) ** 2)


def established(bounds: Sequence[Bound], limit: float) -> list[bool]:
    """Tell for each bound whether it exceeds the limit, after Holm's correction."""
    p_values = sorted(
        (p_value(bound, limit), index) for index, bound in enumerate(bounds) if bound is not None
    )
    exceeds = [False] * len(bounds)
    for rank, (p, index) in enumerate(p_values):
        if p > ALPHA / (len(p_values) - rank):
            break
        exceeds[index] = True
    return exceeds


def p_value(bound: Callable[[float], float], limit: float) -> float:
    """Return the level at which a two-sided interval just excludes the limit from below.

    Bisection on the normal quantile finds it, so it agrees with the interval that tables show.
    """
    normal = NormalDist()

    def excludes(z: float) -> bool:
        return bound(2 * normal.cdf(z) - 1) > limit

    low, high = 0.0, 7.5
    if not excludes(low):
        return 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return 2 * (1 - normal.cdf(low))


def trials_needed(count: int, max_rate: float) -> int | None:
    """Return how many scored trials establish a limit if at most ``count`` are flagged.

    None if no number does: trials can exceed a limit of 0, but never establish it.
    """
    if not 0 < max_rate < 1:
        return count if max_rate >= 1 else None
    n = max(1, ceil(count / max_rate))
    step = 1
    while wilson(count, n + step)[1] > max_rate:
        step *= 2
    low, high = n, n + step
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if wilson(count, middle)[1] <= max_rate else (middle + 1, high)
    return low
