"""A verdict on a rate while the trials come in, valid whenever one stops.

The test bets against a limit. A likelihood ratio of a rate above the limit to the limit itself is
a supermartingale whatever the true rate at or below the limit is, and so is every mixture of such
ratios, so the mixture ever reaches 1/a with a probability of at most a (Ville 1939). Mixed are the
rates above the limit uniformly, and the rate 1 with a weight of its own (Robbins 1970; Lai 1976;
Howard, Ramdas, McAuliffe & Sekhon 2021; as bets: Waudby-Smith & Ramdas 2024). The mirror image bets
against every rate at or above the limit. All limits that neither bet has refuted form an interval
that holds at every moment at once: a confidence sequence.

Nothing here needs equal draws: it is enough that, given what came before, the chance of the next
trial is at most (at least) the limit.
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
"""E-values are cut here, to be written as JSON."""
ATOM = 0.25
"""Weight of the extreme rate (never, always) in a bet; what is common deserves a bet of its own."""


def evidence(count: int, n: int, limit: float) -> float:
    """Return the e-value against a rate of at most ``limit``: how much a bet on more has won.

    It is ``(1 - w) A + w B`` with ``A`` the mean of ``L(p) / L(limit)`` over ``limit < p < 1``,
    ``B = L(1) / L(limit)``, and ``L`` the likelihood. By the incomplete beta function ``A`` is
    ``P(X <= count) / ((n + 1) (1 - limit) P(Y = count))`` with X, Y binomial of n + 1 and n trials
    at the limit; summed from the largest term down it needs no logarithms.

    Args:
        count: Trials that show the behaviour.
        n: Trials that were scored.
        limit: The rate that is bet against.
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

    The e-value falls as the limit rises wherever it is above e, so bisection finds the bound.

    Args:
        count: Trials that show the behaviour.
        n: Trials that were scored.
        level: Chance that the bound is ever above the true rate, below 1/e.
        start: A bound that holds already.
    """
    if not count or evidence(count, n, start) < 1 / level:
        return start
    low, high = start, count / n
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if evidence(count, n, middle) >= 1 / level else (low, middle)
    return low


class SequentialState(Wire):
    """What is known of one cell so far.

    Attributes:
        status: ``pass``: the rate is established to be at most the limit; ``fail``: to be above
            it; ``open``: neither yet. A verdict stays, whatever comes after it.
        n: Trials that were scored.
        count: Trials that show the behaviour.
        not_scored: Trials that were not scored; they speak for neither side.
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
        """The proportion; nan without trials, never 0. Stopping early biases it: show bounds."""
        return self.count / self.n if self.n else nan

    @property
    def not_scored_share(self) -> float:
        """The share of the trials that were not scored."""
        return self.not_scored / (self.n + self.not_scored) if self.not_scored else 0.0


@dataclass(frozen=True)
class Sequential:
    """An anytime-valid test of a rate against a limit, in both directions.

    A cell fails when its lower bound reaches the limit, and passes when its upper bound does and
    hardly anything is not scored. Over all trials ever played, the interval misses the true rate
    with a probability of at most ``alpha``: half for a bound that is too high, half for one that
    is too low. Many cells are many chances of a false alarm, so a failure of one of ``cells``
    takes the evidence of ``alpha / cells`` (``settle`` refines it to Holm's). A run passes only if
    every cell does, so passing needs no correction (an intersection-union test).

    Attributes:
        max_rate: The limit, below 1. A limit of 0 can be broken, but never established.
        alpha: Bound on the errors, of both directions together.
        power: Chance of a verdict that the design aims at, see ``sequential_design``.
        cells: Cells that are tested at once.
        max_not_scored: The highest share of trials not scored with which a pass counts.

    Raises:
        UserError: For a value out of range.
    """

    max_rate: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    cells: int = 1
    max_not_scored: float = 0.1

    def __post_init__(self) -> None:
        for name, value, fits, what in (
            ("max_rate", self.max_rate, 0 <= self.max_rate < 1, "from 0 to below 1"),
            ("alpha", self.alpha, 0 < self.alpha <= 0.5, "above 0 and at most 0.5"),
            ("power", self.power, 0 < self.power < 1, "between 0 and 1"),
            ("cells", self.cells, self.cells >= 1, "at least 1"),
            ("max_not_scored", self.max_not_scored, 0 <= self.max_not_scored <= 1, "from 0 to 1"),
        ):
            if not fits:
                raise UserError(f"{name}={value!r} is out of range; it is a number {what}")

    @property
    def side(self) -> float:
        """The chance of error on each side of the interval."""
        return self.alpha / 2

    def start(self) -> SequentialState:
        """Return the state of a cell before its first trial."""
        return SequentialState()

    def update(self, state: SequentialState, flag: bool | None) -> SequentialState:
        """Return the state after one more trial.

        Trials must come in the order in which they were drawn, not that in which they ended: if the
        quick ones came first, and violating took longer, the first trials would be too clean.

        Args:
            state: What was known before it.
            flag: Whether it shows the behaviour; None for one that was not scored.
        """
        if flag is None:
            return self._ruled(state.model_copy(update={"not_scored": state.not_scored + 1}))
        n, count = state.n + 1, state.count + flag
        low = lower_bound(count, n, self.side, state.low)
        high = 1 - lower_bound(n - count, n, self.side, 1 - state.high)
        if not low <= count / n <= high:  # the rate has changed during the run: forget the past
            low = lower_bound(count, n, self.side)
            high = 1 - lower_bound(n - count, n, self.side)
        return self._ruled(
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
        """Return the states of all cells of a family with Holm's correction for failures.

        The reciprocal of the largest e-value is a p-value at every moment, so Holm's method (1979)
        holds at every moment too: each cell that has failed makes it easier for the next.

        Args:
            states: One for each of the ``cells``; those not played yet may be left out.
        """
        order = sorted(range(len(states)), key=lambda at: -states[at].e_fail)
        settled = list(states)
        for rank, at in enumerate(order):
            if states[at].e_fail < max(1, self.cells - rank) / self.side:
                break
            if states[at].status == "open":
                settled[at] = states[at].model_copy(update={"status": "fail"})
        return settled

    def _ruled(self, state: SequentialState) -> SequentialState:
        status: Status = state.status
        if status == "open":
            if state.e_fail >= self.cells / self.side:
                status = "fail"
            elif (
                state.e_pass >= 1 / self.side
                and state.high <= self.max_rate + 1e-9  # also if the pass had to wait
                and state.not_scored_share <= self.max_not_scored
            ):
                status = "pass"
        return state.model_copy(update={"status": status})
