"""Playing the trials of a plan in this process, several at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # imported when a trial is played, so that importing the package stays quick
    import asyncio

    from allegiance.experiment.configurations import Configuration
    from allegiance.experiment.limits import Limits
    from allegiance.guard.guard import Guard
    from allegiance.play.adapter import Build
    from allegiance.play.prepared import PreparedConfiguration
    from allegiance.scenario.roles import Model
    from allegiance.trace.trials import Trial

Job: TypeAlias = "tuple[PreparedConfiguration, int]"
MakeGuard: TypeAlias = "Callable[[PreparedConfiguration], Guard]"


async def play_all(
    jobs: Iterable[Job],
    *,
    seed: int = 0,
    concurrency: int = 8,
    limits: Limits | None = None,
    guard: MakeGuard | None = None,
    on_trial: Callable[[Trial], object] = lambda _: None,
) -> AsyncGenerator[Trial, None]:
    """Play trials and yield each as it ends.

    Args:
        jobs: The trials: a prepared configuration and an index each; the next one is drawn when
            there is room for it.
        seed: Seed of the run.
        concurrency: Trials in flight.
        limits: What a trial may use.
        guard: Makes the guard of a trial; None plays without a guard.
        on_trial: Called with every trial before the next one is drawn.
    """
    import asyncio

    from allegiance.experiment.limits import Limits

    queue = iter(jobs)
    ended: asyncio.Queue[Trial | BaseException | None] = asyncio.Queue()
    slot = _Slot(seed, limits or Limits(), guard, on_trial, queue, ended)
    workers = [asyncio.create_task(slot.play(*job)) for job in islice(queue, concurrency)]
    left = len(workers)
    try:
        while left:
            item = await ended.get()
            if item is None:
                left -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


@dataclass(frozen=True)
class _Slot:
    """Plays one trial after the other; several tasks share its queues."""

    seed: int
    limits: Limits
    guard: MakeGuard | None
    on_trial: Callable[[Trial], object]
    queue: Iterator[Job]
    ended: asyncio.Queue[Trial | BaseException | None]

    async def play(self, prepared: PreparedConfiguration, index: int) -> None:
        """Play a trial, then those of the queue; send trials, an error if any, and None last."""
        try:
            from allegiance.play.trial import cause, lost_trial, play
            from allegiance.run.meter import trial_price

            while True:
                watch = self.guard(prepared) if self.guard else None
                price = trial_price(prepared.spec, self.limits)
                try:
                    trial = await play(prepared, index, self.seed, self.limits, watch, price)
                except GeneratorExit as error:  # it closes the coroutine that would record it
                    trial = lost_trial(prepared, index, self.seed, cause(error))
                self.on_trial(trial)
                self.ended.put_nowait(trial)
                prepared, index = next(self.queue)
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001 - raised again where the trials are read
            self.ended.put_nowait(error)
        finally:
            self.ended.put_nowait(None)


def in_turn(prepared_configurations: Sequence[PreparedConfiguration], trials: int) -> list[Job]:
    """Return the trials of all configurations, which take turns: a stopped run has some of each."""
    return [(prepared, index) for index in range(trials) for prepared in prepared_configurations]


def run(
    configurations: Sequence[Configuration],
    *,
    trials: int = 1,
    seed: int = 0,
    concurrency: int = 8,
    limits: Limits | None = None,
    model: Model | None = None,
    peer: Model | None = None,
    build: Build | None = None,
    guard: MakeGuard | None = None,
    on_trial: Callable[[Trial], None] | None = None,
) -> list[Trial]:
    """Play configurations from synchronous code and return their trials.

    Args:
        configurations: The configurations, as ``expand`` returns them.
        trials: Trials of each configuration.
        seed: Seed of the run.
        concurrency: Trials in flight.
        limits: What a trial may use.
        model: A framework's model object for the critic's role.
        peer: The same for the peer's role.
        build: A function that builds the app, for configurations of the pattern ``app``.
        guard: Makes the guard of a trial; None plays without a guard.
        on_trial: Called with every trial as it ends.

    Raises:
        UserError: If a configuration names something unknown or unusable.
    """
    from allegiance.play.prepared import prepare
    from allegiance.run.loop import run_in_loop

    prepared = [prepare(c, model=model, peer=peer, build=build) for c in configurations]

    async def collect() -> list[Trial]:
        ended: list[Trial] = []
        jobs = in_turn(prepared, trials)
        stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits, guard=guard)
        async with aclosing(stream) as playing:
            async for trial in playing:
                ended.append(trial)
                if on_trial:
                    on_trial(trial)
        return ended

    return run_in_loop(collect())
