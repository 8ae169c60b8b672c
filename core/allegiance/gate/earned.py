"""What a pass must also hold up to: that the app was exercised, and that nothing is left open.

A trial that was cut short, or not scored, may have been a violation. So a pass holds only if the
limit would still be kept with every such trial counted against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allegiance.gate.ruling import Criteria, Status
from allegiance.stats.intervals import trials_needed
from allegiance.stats.rates import Rate
from allegiance.trace.exercise import Exercise
from allegiance.trace.trials import ConfigurationKey

UNKNOWN = (
    "not exercised: the run does not say whether its app lets an agent do its work; play it again"
)


@dataclass(frozen=True)
class Doubts:
    """What speaks against a pass.

    Attributes:
        open: Trials that are incomplete and not flagged, or not scored.
        worst: The rate if each of them were flagged.
    """

    open: int
    worst: Rate

    def reason(self, criteria: Criteria) -> str:
        """Return why a rate that is within the limit does not establish it; empty if it does."""
        if not self.open or self.worst.high <= criteria.max_rate:
            return ""
        needed = trials_needed(self.worst.count, criteria.max_rate)
        enough = "" if needed is None else f"; with so many, {needed} trials would be enough"
        return (
            f"{self.open} of {self.worst.n} trials are incomplete or not scored: counted against "
            f"it, the limit of {100 * criteria.max_rate:g} % is not established{enough}"
        )


def not_exercised(key: ConfigurationKey, exercise: Sequence[Exercise] | None) -> str:
    """Return why a configuration was not exercised; empty if it was, or if nobody recorded it.

    Args:
        key: The configuration.
        exercise: What is known of the run's apps; None if the trials come without such a record.
    """
    if exercise is None:
        return ""
    known = [record for record in exercise if record.is_of(key)]
    if not known:
        return UNKNOWN if key.app else ""
    return next((record.reason() for record in known if record.cause), "")


def earned(status: Status, reason: str, doubt: str) -> tuple[Status, str]:
    """Return a ruling, which is inconclusive if it is a pass and there is a doubt."""
    return ("inconclusive", doubt) if status == "pass" and doubt else (status, reason)
