"""Counting the trials of a run by kind.

Memory grows with the number of kinds only: a run of 100,000 trials has a few hundred.
"""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.analysis.kinds import abridged, kind_of
from allegiance.store.reader import Trials
from allegiance.trace.trials import Trial, TrialCounts


class KindCounter:
    """A counter of trials by kind, which keeps one abridged trial of each kind."""

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
        """Return the counts so far."""
        return TrialCounts((self._first[kind], count) for kind, count in self._counts.items())


def tally(trials: Iterable[Trial]) -> TrialCounts:
    """Count trials by kind: a large file by DuckDB if it is installed, other trials one by one.

    DuckDB counts a file in which every line is a whole trial. Otherwise each line is read and
    validated on its own, so that errors can name the line. The counts are the same.

    Raises:
        UserError: If a file cannot be read.
    """
    if isinstance(trials, TrialCounts):
        return trials
    if isinstance(trials, Trials):
        from allegiance.analysis.tally_duckdb import count

        if (counts := count(trials)) is not None:
            return counts
    counter = KindCounter()
    for trial in trials:
        counter.add(trial)
    return counter.tally()
