"""Running a plan: every trial of every cell, some at a time, each written as it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # what plays a trial is loaded when one is played: the core is quick to import
    from allegiance.experiment.configurations import Configuration
    from allegiance.experiment.limits import Limits
    from allegiance.guard.guard import Guard
    from allegiance.play.adapter import Build
    from allegiance.play.trial import PreparedConfiguration
    from allegiance.scenario.roles import Model
    from allegiance.trace.trials import Trial

MakeGuard: TypeAlias = "Callable[[PreparedConfiguration], Guard]"


async def play_all(
    jobs: Iterable[tuple[PreparedConfiguration, int]],
    *,
    seed: int = 0,
    concurrency: int = 8,
    limits: Limits | None = None,
    guard: MakeGuard | None = None,
    took: Callable[[Trial], object] = lambda _: None,
) -> AsyncGenerator[Trial, None]:
    """Play trials and yield each as it ends.

    Args:
        jobs: The trials: a cell and an index each; drawn one by one as there is room for them.
        seed: Seed of the run.
        concurrency: Trials in flight.
        limits: What a trial may use.
        guard: Makes the guard of a trial, if there is to be one.
        took: Told of every trial before the next one is drawn.
    """
    import asyncio

    from allegiance.experiment.limits import Limits
    from allegiance.play.trial import play
    from allegiance.run.meter import trial_price

    limits = limits or Limits()
    queue: Iterator[tuple[PreparedConfiguration, int]] = iter(jobs)
    done: asyncio.Queue[Trial | BaseException | None] = asyncio.Queue()

    async def worker(prepared: PreparedConfiguration, index: int) -> None:
        try:
            while True:
                watch = guard(prepared) if guard else None
                price = trial_price(prepared.spec, limits)
                trial = await play(prepared, index, seed, limits, watch, price)
                took(trial)
                done.put_nowait(trial)
                prepared, index = next(queue)
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001 - handed on to whoever reads the trials
            done.put_nowait(error)
        finally:
            done.put_nowait(None)

    workers = [asyncio.create_task(worker(*job)) for job in islice(queue, concurrency)]
    left = len(workers)
    try:
        while left:
            item = await done.get()
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


def in_turn(
    prepared_configurations: Sequence[PreparedConfiguration], trials: int
) -> list[tuple[PreparedConfiguration, int]]:
    """Return the trials of all cells; the cells take turns, so a stopped run has some of each."""
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
    """Play a plan from synchronous code and return its trials.

    Args:
        configurations: The cells, as ``expand`` returns them.
        trials: Trials of each cell.
        seed: Seed of the run.
        concurrency: Trials in flight.
        limits: What a trial may use.
        model: A framework's model object for the critic's role.
        peer: The same for the peer's role.
        build: A function that builds the app, for cells of the pattern ``app``.
        guard: Makes the guard of a trial, if there is to be one.
        on_trial: Called with every trial as it ends.

    Raises:
        UserError: If a cell names something that is not there or cannot be used.
    """
    import asyncio

    from allegiance.play.trial import prepare

    prepared_configurations = [
        prepare(configuration, model=model, peer=peer, build=build)
        for configuration in configurations
    ]

    async def collect() -> list[Trial]:
        ended: list[Trial] = []
        jobs = in_turn(prepared_configurations, trials)
        stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits, guard=guard)
        async with aclosing(stream) as playing:
            async for trial in playing:
                ended.append(trial)
                if on_trial:
                    on_trial(trial)
        return ended

    return asyncio.run(collect())
