"""Counting the trials of a run by kind, in memory that grows with the kinds alone.

A run of 100,000 trials has a few hundred kinds.
"""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.analysis.kinds import abridged, kind_of
from allegiance.store.reader import Trials
from allegiance.trace.trials import Trial, TrialCounts


class Counting:
    """Counts trials by kind as they come."""

    def __init__(self) -> None:
        self._counts: dict[tuple[object, ...], int] = {}
        self._first: dict[tuple[object, ...], Trial] = {}

    def add(self, trial: Trial) -> None:
        """Count one more trial."""
        kind = kind_of(trial)
        if kind not in self._counts:
            self._first[kind] = abridged(trial)
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def tally(self) -> TrialCounts:
        """Return what was counted so far."""
        return TrialCounts((self._first[kind], count) for kind, count in self._counts.items())


def tally(trials: Iterable[Trial]) -> TrialCounts:
    """Count trials by kind: those of a file by DuckDB where it is installed, others one by one.

    DuckDB answers for a file in which every line is whole. Where it meets anything else, each line
    is read and validated on its own, so that what cannot be read is named by its number; the
    counts are the same.

    Raises:
        UserError: If a file cannot be read.
    """
    if isinstance(trials, TrialCounts):
        return trials
    if isinstance(trials, Trials):
        from allegiance.analysis.tally_duckdb import count

        if (found := count(trials)) is not None:
            return found
    counting = Counting()
    for trial in trials:
        counting.add(trial)
    return counting.tally()
