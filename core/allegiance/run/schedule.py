"""Which trial is played next, where that depends on how the others ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Budget
from allegiance.play.trial import PreparedConfiguration
from allegiance.probe.flags import flags
from allegiance.run.meter import Meter
from allegiance.stats.sequential import SequentialState
from allegiance.stats.sequential_cells import SequentialTests
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.trials import Trial

Job = tuple[PreparedConfiguration, int]


class FixedSchedule:
    """Plays the trials of a plan in their order.

    Args:
        jobs: The trials.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._owed = {(prepared.name, index): (prepared, index) for prepared, index in jobs}

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
        prepared, index = job
        if self._owed.pop((prepared.name, index), None) is None:
            raise UserError(f"trial {trial.trace.key} (number {index}) is not one of the plan")

    def took(self, trial: Trial) -> None:
        """Take in a trial that has ended: nothing depends on it."""

    def states(self) -> Iterator[tuple[Configuration, str, SequentialState]]:
        """Yield nothing: no verdict is looked for."""
        return iter(())


class SequentialSchedule:
    """Plays a cell until its verdict stands, and spends what that saves on the cells still open.

    Of the cells that are open the one with the fewest trials is next, until as many trials are
    played as there would have been without verdicts.

    Attributes:
        left: How many trials may still be drawn.

    Args:
        prepared_configurations: The cells.
        trials: Trials of each cell, if no cell were done early.
        until: What ends a cell.
        seed: Seed of the run.
    """

    def __init__(
        self,
        prepared_configurations: Sequence[PreparedConfiguration],
        trials: int,
        until: StopRule,
        seed: int,
    ) -> None:
        self.left = trials * len(prepared_configurations)
        self._stands = {prepared.name: prepared for prepared in prepared_configurations}
        self._verdicts = SequentialTests(
            until,
            {
                s.name: [probe.behaviour for probe in s.setup.stage.probes]
                for s in prepared_configurations
            },
        )
        self._used: dict[str, set[int]] = {name: set() for name in self._stands}
        self._seed = seed
        self._flight: dict[str, tuple[str, int]] = {}

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        still = [name for name in self._stands if not self._verdicts.is_decided(name)]
        if not still or self.left <= 0:
            raise StopIteration
        name = min(still, key=lambda n: len(self._used[n]))
        used = self._used[name]
        # a gap that a killed run left is filled first
        index = next(n for n in range(len(used) + 1) if n not in used)
        return self._claim(self._stands[name], index)

    def _claim(self, prepared: PreparedConfiguration, index: int) -> Job:
        self._used[prepared.name].add(index)
        self.left -= 1
        self._flight[prepared.key(self._seed, index)] = prepared.name, index
        return prepared, index

    def played(self, job: Job, trial: Trial) -> None:
        """Take in a trial that an earlier sitting played."""
        self._claim(*job)
        self.took(trial)

    def took(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        self._verdicts.add(*self._flight.pop(trial.trace.key), flags(trial))

    def states(self) -> Iterator[tuple[Configuration, str, SequentialState]]:
        """Yield every cell, behaviour, and what is known of it."""
        for name, behaviour, state in self._verdicts.states():
            yield self._stands[name].spec, behaviour, state


class BudgetedSchedule:
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
        schedule: FixedSchedule | SequentialSchedule,
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
