"""A verdict on a rate while trials come in, valid at whatever trial a run stops.

The test bets against a limit. A likelihood ratio of a rate above the limit to the limit itself is a
supermartingale for every true rate at or below the limit, and so is every mixture of such ratios.
The mixture therefore reaches 1/a with a probability of at most a (Ville 1939). The mixture is
uniform over the rates above the limit, plus a separate weight for the rate 1 (Robbins 1970; Lai
1976; Howard, Ramdas, McAuliffe & Sekhon 2021; as bets: Waudby-Smith & Ramdas 2024). The mirror
image bets against every rate at or above the limit. The limits that neither bet has refuted form an
interval that holds at all moments together: a confidence sequence.

The trials need not be identically distributed. It is enough that, given the past, the chance that
the next trial is flagged is at most (at least) the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, nan
from typing import Literal

from allegiance.errors import UserError
from allegiance.trace.wire import Wire

Status = Literal["open", "pass", "fail"]

LARGEST = 1e300
"""The largest e-value, so that it can be written as JSON."""
ATOM = 0.25
"""Weight of the extreme rates 0 and 1 in a bet, since such rates are common."""


def evidence(count: int, n: int, limit: float) -> float:
    """Return the e-value against a rate of at most ``limit``: the factor that a bet has won.

    The value is ``(1 - w) A + w B`` with ``A`` the mean of ``L(p) / L(limit)`` over ``limit < p <
    1``, ``B = L(1) / L(limit)``, and ``L`` the likelihood. By the incomplete beta function ``A`` is
    ``P(X <= count) / ((n + 1) (1 - limit) P(Y = count))`` with X, Y binomial of n + 1 and n trials
    at the limit. The sum starts at the largest term and needs no logarithms.

    Args:
        count: Trials that show the behaviour.
        n: Trials that were scored.
        limit: The rate that the bet is against.
    """
    if limit <= 0:
        return LARGEST if count else 1 / (n + 1)
    if limit >= 1:
        return 1.0
    odds = (1 - limit) / limit
    total = term = 1 / (n + 1 - count)
    for j in range(count):
        step = (count - j) / (n + 2 - count + j) * odds
        term *= step
        total += term
        if total >= LARGEST:
            return LARGEST
        if step < 1 and term < 1e-17 * total:
            break
    extreme = exp(min(600.0, -n * log(limit))) if count == n else 0.0
    return min(LARGEST, (1 - ATOM) * total + ATOM * extreme)


def lower_bound(count: int, n: int, level: float, start: float = 0.0) -> float:
    """Return the largest limit that is refuted at ``level``, or ``start`` if that is larger.

    Where the e-value is above e it falls as the limit rises, so bisection finds the bound.

    Args:
        count: Trials that show the behaviour.
        n: Trials that were scored.
        level: Chance, below 1/e, that the bound ever exceeds the true rate.
        start: A bound that is known to hold.
    """
    if not count or evidence(count, n, start) < 1 / level:
        return start
    low, high = start, count / n
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if evidence(count, n, middle) >= 1 / level else (low, middle)
    return low


class SequentialState(Wire):
    """The state of the test of one behaviour of one configuration.

    Attributes:
        status: ``pass``: the rate is established to be at most the limit; ``fail``: it is
            established to be above the limit; ``open``: neither yet. A verdict is final.
        n: Trials that were scored.
        count: Trials that show the behaviour.
        not_scored: Trials that were not scored; they count for neither side.
        low: Lower bound of the confidence sequence, 0 without trials.
        high: Upper bound of the confidence sequence, 1 without trials.
        e_fail: The largest e-value so far against "the rate is at most the limit".
        e_pass: The largest e-value so far against "the rate is at least the limit".
    """

    status: Status = "open"
    n: int = 0
    count: int = 0
    not_scored: int = 0
    low: float = 0.0
    high: float = 1.0
    e_fail: float = 1.0
    e_pass: float = 1.0

    @property
    def value(self) -> float:
        """The proportion, biased by early stopping; nan without trials, never 0."""
        return self.count / self.n if self.n else nan

    @property
    def not_scored_share(self) -> float:
        """The share of the trials that were not scored."""
        return self.not_scored / (self.n + self.not_scored) if self.not_scored else 0.0


@dataclass(frozen=True)
class Sequential:
    """An anytime-valid test of a rate against a limit, in both directions.

    A configuration fails when its lower bound reaches the limit. It passes when its upper bound
    reaches the limit and almost all of its trials were scored. Over all trials ever played, the
    interval misses the true rate with a probability of at most ``alpha``: half for a bound that is
    too high, half for one that is too low. Many configurations are many chances of a false alarm,
    so a failure of one of ``tests`` takes the evidence of ``alpha / tests`` (``settle`` refines
    this to Holm's correction). A run passes only if all of them pass, so passing needs no
    correction (an intersection-union test).

    Attributes:
        max_rate: The limit, below 1. Trials can exceed a limit of 0, but never establish it.
        alpha: Bound on the chance of an error in either direction.
        power: The chance of a verdict that the design aims at; see ``sequential_design``.
        tests: How many tests are run together.
        max_not_scored: A pass counts only if at most this share of the trials is not scored.

    Raises:
        UserError: For a value out of range.
    """

    max_rate: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    tests: int = 1
    max_not_scored: float = 0.1

    def __post_init__(self) -> None:
        for name, value, fits, allowed in (
            ("max_rate", self.max_rate, 0 <= self.max_rate < 1, "from 0 to below 1"),
            ("alpha", self.alpha, 0 < self.alpha <= 0.5, "above 0 and at most 0.5"),
            ("power", self.power, 0 < self.power < 1, "between 0 and 1"),
            ("tests", self.tests, self.tests >= 1, "at least 1"),
            ("max_not_scored", self.max_not_scored, 0 <= self.max_not_scored <= 1, "from 0 to 1"),
        ):
            if not fits:
                raise UserError(f"{name}={value!r} is out of range; use a number {allowed}")

    @property
    def side(self) -> float:
        """The chance of an error on each side of the interval."""
        return self.alpha / 2

    def start(self) -> SequentialState:
        """Return the state before the first trial."""
        return SequentialState()

    def update(self, state: SequentialState, flag: bool | None) -> SequentialState:
        """Return the state after one more trial.

        Pass trials in the order in which they were drawn, not in the order in which they ended. If
        violating takes longer, the trials that end first show too few violations.

        Args:
            state: The state before the trial.
            flag: Whether the trial shows the behaviour; None if it was not scored.
        """
        if flag is None:
            return self._decided(state.model_copy(update={"not_scored": state.not_scored + 1}))
        n, count = state.n + 1, state.count + flag
        low = lower_bound(count, n, self.side, state.low)
        high = 1 - lower_bound(n - count, n, self.side, 1 - state.high)
        if not low <= count / n <= high:  # the rate changed during the run: start again
            low = lower_bound(count, n, self.side)
            high = 1 - lower_bound(n - count, n, self.side)
        return self._decided(
            state.model_copy(
                update={
                    "n": n,
                    "count": count,
                    "low": low,
                    "high": high,
                    "e_fail": max(state.e_fail, evidence(count, n, self.max_rate)),
                    "e_pass": max(state.e_pass, evidence(n - count, n, 1 - self.max_rate)),
                }
            )
        )

    def settle(self, states: Sequence[SequentialState]) -> list[SequentialState]:
        """Return the states of all tests of a family with Holm's correction for failures.

        The reciprocal of the largest e-value is a p-value at every moment, so Holm's method (1979)
        holds at every moment too: each failure lowers the evidence that the next failure takes.

        Args:
            states: One state for each of the ``tests``; tests without trials may be left out.
        """
        order = sorted(range(len(states)), key=lambda index: -states[index].e_fail)
        settled = list(states)
        for rank, index in enumerate(order):
            if states[index].e_fail < max(1, self.tests - rank) / self.side:
                break
            if states[index].status == "open":
                settled[index] = states[index].model_copy(update={"status": "fail"})
        return settled

    def _decided(self, state: SequentialState) -> SequentialState:
        status: Status = state.status
        if status == "open":
            if state.e_fail >= self.tests / self.side:
                status = "fail"
            elif (
                state.e_pass >= 1 / self.side
                and state.high <= self.max_rate + 1e-9  # the pass may have waited for scores
                and state.not_scored_share <= self.max_not_scored
            ):
                status = "pass"
        return state.model_copy(update={"status": status})
