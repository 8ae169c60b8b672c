"""Which trial is played next, where that depends on how the others ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from allegiance.errors import UserError
from allegiance.experiment.configurations import CellSpec
from allegiance.experiment.limits import Budget
from allegiance.play.trial import Stand
from allegiance.probe.flags import hits
from allegiance.run.meter import Meter
from allegiance.stats.sequential import State
from allegiance.stats.sequential_cells import Verdicts
from allegiance.stats.stop_rule import Until
from allegiance.trace.trials import Trial

Job = tuple[Stand, int]


class Planned:
    """Plays the trials of a plan in their order.

    Args:
        jobs: The trials.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._owed = {(stand.name, index): (stand, index) for stand, index in jobs}

    @property
    def left(self) -> int:
        """How many trials are still to be drawn."""
        return len(self._owed)

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        if not self._owed:
            raise StopIteration
        return self._owed.pop(next(iter(self._owed)))

    def played(self, job: Job, trial: Trial) -> None:
        """Take in a trial that an earlier sitting played.

        Raises:
            UserError: If it is not of the plan.
        """
        stand, index = job
        if self._owed.pop((stand.name, index), None) is None:
            raise UserError(f"trial {trial.trace.key} (number {index}) is not one of the plan")

    def took(self, trial: Trial) -> None:
        """Take in a trial that has ended: nothing depends on it."""

    def states(self) -> Iterator[tuple[CellSpec, str, State]]:
        """Yield nothing: no verdict is looked for."""
        return iter(())


class UntilVerdict:
    """Plays a cell until its verdict stands, and spends what that saves on the cells still open.

    Of the cells that are open the one with the fewest trials is next, until as many trials are
    played as there would have been without verdicts.

    Attributes:
        left: How many trials may still be drawn.

    Args:
        stands: The cells.
        trials: Trials of each cell, if no cell were done early.
        until: What ends a cell.
        seed: Seed of the run.
    """

    def __init__(self, stands: Sequence[Stand], trials: int, until: Until, seed: int) -> None:
        self.left = trials * len(stands)
        self._stands = {stand.name: stand for stand in stands}
        self._verdicts = Verdicts(
            until, {s.name: [probe.behaviour for probe in s.cell.stage.probes] for s in stands}
        )
        self._used: dict[str, set[int]] = {name: set() for name in self._stands}
        self._seed = seed
        self._flight: dict[str, tuple[str, int]] = {}

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        still = [name for name in self._stands if not self._verdicts.ruled(name)]
        if not still or self.left <= 0:
            raise StopIteration
        name = min(still, key=lambda n: len(self._used[n]))
        used = self._used[name]
        # a gap that a killed run left is filled first
        index = next(n for n in range(len(used) + 1) if n not in used)
        return self._claim(self._stands[name], index)

    def _claim(self, stand: Stand, index: int) -> Job:
        self._used[stand.name].add(index)
        self.left -= 1
        self._flight[stand.key(self._seed, index)] = stand.name, index
        return stand, index

    def played(self, job: Job, trial: Trial) -> None:
        """Take in a trial that an earlier sitting played."""
        self._claim(*job)
        self.took(trial)

    def took(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        self._verdicts.took(*self._flight.pop(trial.trace.key), hits(trial))

    def states(self) -> Iterator[tuple[CellSpec, str, State]]:
        """Yield every cell, behaviour, and what is known of it."""
        for name, behaviour, state in self._verdicts.states():
            yield self._stands[name].spec, behaviour, state


class Within:
    """Draws trials until a budget is spent; what is in flight then still ends.

    Attributes:
        schedule: Says which trial is next.
        stopped: Why no more are drawn, once it is so; empty before.

    Args:
        schedule: Says which trial is next.
        budget: What may be spent.
        price: The cost of a trial in US dollars.
    """

    def __init__(
        self,
        schedule: Planned | UntilVerdict,
        budget: Budget,
        price: Callable[[Trial], float] = lambda _: 0.0,
    ) -> None:
        self.schedule = schedule
        self.stopped = ""
        self._meter = Meter(budget)
        self._price = price

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        if self.stopped or (why := self._meter.spent()):
            self.stopped = self.stopped or why
            raise StopIteration
        return next(self.schedule)

    def played(self, job: Job, trial: Trial) -> None:
        """Take in a trial that an earlier sitting played.

        Raises:
            UserError: If it is not of the plan.
        """
        self._meter.add(trial.trace.usage, self._price(trial))
        self.schedule.played(job, trial)

    def took(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        self._meter.add(trial.trace.usage, self._price(trial))
        self.schedule.took(trial)
