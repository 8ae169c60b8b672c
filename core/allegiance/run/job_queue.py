"""The trials that are left to hand out to worker processes, and those that lost their worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from allegiance.errors import UserError
from allegiance.play.prepared import PreparedConfiguration
from allegiance.play.trial import lost_trial
from allegiance.trace.trials import Trial

Job = tuple[PreparedConfiguration, int]
Turn = tuple[PreparedConfiguration, int, int]
"""A trial to play: its configuration, its index, and how many workers died while playing it."""
TRIES = 3
MOST_EARLY_DEATHS = 10
"""Workers that may die in a row before any of them begins or ends a trial."""


class JobQueue:
    """The trials that are left to hand out: those of the plan, and those to play again.

    Args:
        jobs: The trials; the next one is drawn when there is room for it.
        seed: Seed of the run.
    """

    def __init__(self, jobs: Iterable[Job], seed: int) -> None:
        self._jobs = iter(jobs)
        self._again: deque[Turn] = deque()
        self._seed = seed
        self._early_deaths = 0

    def draw(self, *, alone: bool) -> Turn | None:
        """Return the next trial, or None if there is none now.

        Args:
            alone: Whether the trial will be played alone. A trial that a dead worker was playing is
                handed out only then, so that it cannot take other trials with it again.
        """
        if self._again and (alone or not self._again[0][2]):
            return self._again.popleft()
        job = next(self._jobs, None)
        return job and (*job, 0)

    def came(self) -> None:
        """Note that a trial has ended: workers are able to play."""
        self._early_deaths = 0

    def died(self, begun: Iterable[Turn], waiting: Iterable[Turn], reason: str) -> Iterator[Trial]:
        """Take back the trials of a dead worker; yield those that are given up, as errors.

        Args:
            begun: The trials that it was playing.
            waiting: The trials that it had not begun.
            reason: How it died.

        Raises:
            UserError: If ``MOST_EARLY_DEATHS`` workers in a row die before they begin a trial.
        """
        self._again.extendleft(waiting)
        self._early_deaths += 1
        for prepared, index, deaths in begun:
            self._early_deaths = 0
            if deaths + 1 < TRIES:
                self._again.append((prepared, index, deaths + 1))
            else:
                yield lost_trial(
                    prepared, index, self._seed, f"WorkerDied: {reason}, {TRIES} times"
                )
        if self._early_deaths >= MOST_EARLY_DEATHS:
            raise UserError(
                f"{MOST_EARLY_DEATHS} workers in a row died before they played a trial ({reason}); "
                "run without --workers to see why, then continue with --resume"
            )

    def hung(self, begun: Sequence[Turn], waiting: Iterable[Turn]) -> Iterator[Trial]:
        """Take back the trials of a hung worker; yield the trial that hung it, as an error.

        Which one of several trials hung it is not known, so each of them is played again, alone.

        Args:
            begun: The trials that it was playing.
            waiting: The trials that it had not begun.
        """
        reason = "hung past the trial's time limit"
        if len(begun) == 1:
            prepared, index, _ = begun[0]
            self._again.extendleft(waiting)
            self.came()
            yield lost_trial(prepared, index, self._seed, f"WorkerHung: {reason}")
        else:
            yield from self.died(begun, waiting, reason)
