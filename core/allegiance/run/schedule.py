"""Schedules: which trial is played next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Budget
from allegiance.play.prepared import PreparedConfiguration
from allegiance.probe.flags import flags
from allegiance.run.meter import Meter
from allegiance.stats.sequential import SequentialState
from allegiance.stats.sequential_tests import SequentialTests
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
        """Number of trials that are left to draw."""
        return len(self._owed)

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        if not self._owed:
            raise StopIteration
        return self._owed.pop(next(iter(self._owed)))

    def played(self, job: Job, trial: Trial) -> None:
        """Count a trial that the folder holds already.

        Raises:
            UserError: If the trial does not belong to the plan.
        """
        prepared, index = job
        if self._owed.pop((prepared.name, index), None) is None:
            raise UserError(f"trial {trial.trace.key} (number {index}) does not belong to the plan")

    def on_trial(self, trial: Trial) -> None:
        """Ignore a trial that has ended: the order does not depend on it."""

    def states(self) -> Iterator[tuple[Configuration, str, SequentialState]]:
        """Yield nothing: a fixed schedule has no verdicts."""
        return iter(())


class SequentialSchedule:
    """Plays a configuration until its verdict, and spends the saved trials on the others.

    The open configuration with the fewest trials is next, until the run has played as many trials
    as without verdicts.

    Attributes:
        left: Number of trials that may still be drawn.

    Args:
        prepared_configurations: The configurations.
        trials: Trials of each configuration if none ended early.
        until: The stop rule.
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
        self._by_name = {prepared.name: prepared for prepared in prepared_configurations}
        self._verdicts = SequentialTests(
            until,
            {
                prepared.name: [probe.behaviour for probe in prepared.setup.stage.probes]
                for prepared in prepared_configurations
            },
        )
        self._used: dict[str, set[int]] = {name: set() for name in self._by_name}
        self._seed = seed
        self._flight: dict[str, tuple[str, int]] = {}

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        open_names = [name for name in self._by_name if not self._verdicts.is_decided(name)]
        if not open_names or self.left <= 0:
            raise StopIteration
        name = min(open_names, key=lambda n: len(self._used[n]))
        used = self._used[name]
        # first fill a gap that a killed run left
        index = next(n for n in range(len(used) + 1) if n not in used)
        return self._claim(self._by_name[name], index)

    def _claim(self, prepared: PreparedConfiguration, index: int) -> Job:
        self._used[prepared.name].add(index)
        self.left -= 1
        self._flight[prepared.key(self._seed, index)] = prepared.name, index
        return prepared, index

    def played(self, job: Job, trial: Trial) -> None:
        """Count a trial that the folder holds already."""
        self._claim(*job)
        self.on_trial(trial)

    def on_trial(self, trial: Trial) -> None:
        """Count a trial that has ended."""
        self._verdicts.add(*self._flight.pop(trial.trace.key), flags(trial))

    def states(self) -> Iterator[tuple[Configuration, str, SequentialState]]:
        """Yield every configuration, behaviour, and the state of its test."""
        for name, behaviour, state in self._verdicts.states():
            yield self._by_name[name].spec, behaviour, state


class BudgetedSchedule:
    """Draws trials until a budget is spent; trials in flight then still end.

    Attributes:
        schedule: Selects the next trial.
        stopped: The spent budget; empty while trials are drawn.

    Args:
        schedule: Selects the next trial.
        budget: The budget.
        price: Returns the cost of a trial in US dollars.
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
        if self.stopped or (spent := self._meter.spent()):
            self.stopped = self.stopped or spent
            raise StopIteration
        return next(self.schedule)

    def played(self, job: Job, trial: Trial) -> None:
        """Count a trial that the folder holds already.

        Raises:
            UserError: If the trial does not belong to the plan.
        """
        self._meter.add(trial.trace.usage, self._price(trial))
        self.schedule.played(job, trial)

    def on_trial(self, trial: Trial) -> None:
        """Count a trial that has ended."""
        self._meter.add(trial.trace.usage, self._price(trial))
        self.schedule.on_trial(trial)
